import { deleteUser, readUser, updateUser } from '@berth/api/users.ts'
import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { peopleText } from '../../text/people.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { PageLink } from '../../ui/link.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Page } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { UserAccount } from './user-account.tsx'
import { UserKeys } from './user-keys.tsx'
import { UserSessions } from './user-sessions.tsx'

const text = peopleText.user

export default function User() {
  const { user: name = '' } = useParams({ strict: false })
  const mayManage = useMay('manageUsers')
  const user = useApi(readUser, { params: { user: name } })
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'disable' | 'delete'>()
  const update = useApiAction(updateUser)
  const remove = useApiAction(deleteUser)
  const isDisabled = user.data !== undefined && user.data.body.disabledAt !== null
  const setDisabled = async (disabled: boolean) => {
    await update.mutateAsync({ params: { user: name }, body: { disabled } })
    notifyDone(disabled ? text.wasDisabled(name) : text.wasEnabled(name))
  }
  return (
    <Page
      title={name}
      above={<PageLink to="/administration/users">{text.above}</PageLink>}
      actions={
        mayManage &&
        user.data && (
          <>
            {isDisabled ? (
              <Button variant="default" onClick={() => void setDisabled(false).catch(notifyFault)}>
                {text.enable}
              </Button>
            ) : (
              <Button variant="default" onClick={() => setAsked('disable')}>
                {text.disable}
              </Button>
            )}
            <Button color="red.9" onClick={() => setAsked('delete')}>
              {peopleText.delete}
            </Button>
          </>
        )
      }
    >
      <Show of={user}>
        {({ body, version }) => (
          <>
            <Group gap="xs">
              <Badge color={body.disabledAt === null ? 'teal' : 'gray'}>
                {body.disabledAt === null ? peopleText.active : peopleText.disabled}
              </Badge>
              {body.source !== 'local' && (
                <Text size="sm" className="berth-quiet">
                  {text.foreign(body.source)}
                </Text>
              )}
            </Group>
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
              <UserAccount key={version} user={body} version={version} mayManage={mayManage} />
              <Stack gap="xl">
                <UserSessions user={name} mayManage={mayManage} />
                <UserKeys user={name} mayManage={mayManage} />
              </Stack>
            </SimpleGrid>
          </>
        )}
      </Show>
      <Confirm
        isOpen={asked === 'disable'}
        title={text.disableTitle(name)}
        action={text.disable}
        onConfirm={() => setDisabled(true)}
        onClose={() => setAsked(undefined)}
      >
        {text.disableLead}
      </Confirm>
      <Confirm
        isOpen={asked === 'delete'}
        title={text.deleteTitle(name)}
        typed={name}
        action={peopleText.delete}
        onConfirm={async () => {
          await remove.mutateAsync({ params: { user: name } })
          notifyDone(text.deleted(name))
          await navigate({ to: '/administration/users' })
        }}
        onClose={() => setAsked(undefined)}
      >
        {text.deleteLead}
      </Confirm>
    </Page>
  )
}
