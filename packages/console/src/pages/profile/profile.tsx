import { Outlet } from '@tanstack/react-router'
import { useSession } from '../../api/session.ts'
import { profileText as text } from '../../text/profile.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { ButtonLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { RouteTabs } from '../../ui/route-tabs.tsx'
import { Empty } from '../../ui/states.tsx'

const { tabs } = text

/** The parts of the own profile. */
export default function Profile() {
  const session = useSession()
  if (!session) {
    return (
      <Page title={text.title}>
        <Empty
          title={text.signedOutTitle}
          action={
            <ButtonLink to="/sign-in" search={{ returnTo: '/profile' }}>
              {text.signIn}
            </ButtonLink>
          }
        >
          {text.signedOut}
        </Empty>
      </Page>
    )
  }
  if (!session.user) {
    return (
      <Page title={text.title}>
        <Empty title={text.machineTitle}>{text.machine}</Empty>
      </Page>
    )
  }
  return (
    <Page
      title={text.title}
      lead={<ForeignText text={session.user.displayName ?? session.user.name} />}
    >
      <RouteTabs
        label={tabs.label}
        tabs={[
          { label: tabs.account, link: { to: '/profile' }, isExact: true },
          { label: tabs.keys, link: { to: '/profile/keys' } },
          { label: tabs.sessions, link: { to: '/profile/sessions' } },
          { label: tabs.secondFactor, link: { to: '/profile/second-factor' } },
        ]}
      />
      <Outlet />
    </Page>
  )
}
