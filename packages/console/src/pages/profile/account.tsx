import { readOwnUser } from '@berth/api/users.ts'
import { Box, List, Stack, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { useMay, useSession } from '../../api/session.ts'
import { accountText as text } from '../../text/profile.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { ButtonLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { Moment } from '../../ui/time.tsx'
import { DisplayName } from './display-name.tsx'
import { Memberships } from './memberships.tsx'
import { PasswordForm } from './password-form.tsx'
import { sourceName } from './source-name.ts'

/** Who somebody is here, what their role allows, and their password. */
export default function Account() {
  const account = useApi(readOwnUser, {})
  const mayManage = useMay('manageUsers')
  return (
    <Show of={account}>
      {({ body: user }) => (
        <Stack gap="xl">
          <Section
            title={text.who}
            {...(user.source !== 'local' && { lead: text.changedElsewhere })}
            actions={
              mayManage && (
                <ButtonLink
                  to="/administration/users/$user"
                  params={{ user: user.name }}
                  variant="default"
                  size="xs"
                >
                  {text.change}
                </ButtonLink>
              )
            }
          >
            <Box className="berth-panel" p="md">
              <KeyValues
                items={[
                  [text.name, <bdi key="name">{user.name}</bdi>],
                  [
                    text.displayName,
                    user.source === 'local' ? (
                      <DisplayName key="displayName" displayName={user.displayName} />
                    ) : (
                      user.displayName && <ForeignText text={user.displayName} />
                    ),
                  ],
                  [text.email, user.email && <ForeignText text={user.email} />],
                  [text.role, user.role === 'none' ? text.roleNone : user.role],
                  [text.source, sourceName(user.source)],
                  [text.since, <Moment key="since" at={user.createdAt} />],
                ]}
              />
            </Box>
          </Section>
          <Memberships />
          <Rights />
          <Section
            title={text.password}
            {...(user.source === 'local' && { lead: text.passwordLead })}
          >
            {user.source === 'local' ? (
              <PasswordForm userName={user.name} />
            ) : (
              <Text>{text.passwordElsewhere}</Text>
            )}
          </Section>
        </Stack>
      )}
    </Show>
  )
}

/** What the role allows on the instance, in words. */
function Rights() {
  const allowed = useSession()?.allowed ?? []
  return (
    <Section title={text.may}>
      {allowed.length === 0 ? (
        <Text>{text.mayNothing}</Text>
      ) : (
        <List size="sm" style={{ columns: '14rem' }}>
          {allowed.map((right) => (
            <List.Item key={right}>{text.rights[right] ?? right}</List.Item>
          ))}
        </List>
      )}
    </Section>
  )
}
