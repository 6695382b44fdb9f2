import { Avatar, Menu, UnstyledButton, useMantineColorScheme, VisuallyHidden } from '@mantine/core'
import {
  IconDeviceDesktop,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSun,
  IconUser,
} from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { endSession, useSession } from '../api/session.ts'
import { shellText } from '../text/shell.ts'
import { visible } from '../ui/foreign-text.tsx'
import { ButtonLink } from '../ui/link.tsx'
import { clearSearches } from '../ui/recent-searches.ts'
import { notifyFault } from '../ui/notify.ts'

/** Who sits there, the profile, light and dark, signing out. */
export function AccountMenu({ onKeyboardHelp }: { onKeyboardHelp: () => void }) {
  const session = useSession()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  if (!session) return <SignInLink />
  const signOut = async () => {
    try {
      await endSession()
      client.clear()
      clearSearches()
      await navigate({ to: '/sign-in' })
    } catch (error) {
      notifyFault(error)
    }
  }
  const { name } = session.actor
  return (
    <Menu position="bottom-end" width={230} withinPortal>
      <Menu.Target>
        <UnstyledButton ml="auto">
          <VisuallyHidden>{shellText.account(name)}</VisuallyHidden>
          <Avatar size={32} radius="xl" name={name} color="initials" aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <bdi>{visible(name)}</bdi>
        </Menu.Label>
        {session.user !== null && (
          <Menu.Item
            leftSection={<IconUser size={15} aria-hidden />}
            onClick={() => void navigate({ to: '/profile' })}
          >
            {shellText.profile}
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Label>{shellText.appearance}</Menu.Label>
        {(
          [
            ['light', IconSun],
            ['dark', IconMoon],
            ['auto', IconDeviceDesktop],
          ] as const
        ).map(([scheme, Icon]) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={15} aria-hidden />}
            onClick={() => setColorScheme(scheme)}
            role="menuitemradio"
            aria-checked={colorScheme === scheme}
            fw={colorScheme === scheme ? 600 : undefined}
          >
            {shellText.schemes[scheme]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconKeyboard size={15} aria-hidden />}
          onClick={onKeyboardHelp}
          visibleFrom="sm"
        >
          {shellText.keyboard.title}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={15} aria-hidden />}
          onClick={() => void signOut()}
        >
          {shellText.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** Leads back to where one is. */
function SignInLink() {
  const here = useRouterState({ select: ({ location }) => location.href })
  return (
    <ButtonLink to="/sign-in" search={{ returnTo: here }} size="xs" ml="auto">
      {shellText.signIn}
    </ButtonLink>
  )
}
