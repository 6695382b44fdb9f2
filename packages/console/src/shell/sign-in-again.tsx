import { listSignInProviders } from '@berth/api/oidc.ts'
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useEffect, useState } from 'react'
import { apiAddress } from '../api/client.ts'
import { useApi } from '../api/queries.ts'
import { loadSession, useIsSessionEnded, useOtherSession, useSession } from '../api/session.ts'
import { giveUpSession } from '../api/session-state.ts'
import { shellText } from '../text/shell.ts'
import { CredentialsForm } from '../ui/credentials-form.tsx'

const lookMs = 2000
const oidcPrefix = 'oidc:'

/** Above the page whose session has ended: what was typed there stays, and is sent after signing in again. */
export function SignInAgain() {
  const isEnded = useIsSessionEnded()
  const session = useSession()
  const other = useOtherSession()
  const navigate = useNavigate()
  const client = useQueryClient()
  const name = session?.user?.name ?? session?.actor.name ?? ''
  const source = session?.user?.source ?? ''
  const leave = () => {
    giveUpSession()
    client.clear()
    void navigate({ to: '/sign-in' })
  }
  const leaveButton = (
    <Button variant="default" onClick={leave}>
      {shellText.signOut}
    </Button>
  )
  return (
    <Modal
      opened={isEnded}
      onClose={leave}
      withCloseButton={false}
      closeOnClickOutside={false}
      // Somebody who presses Escape does not mean to give up what is on the page.
      closeOnEscape={false}
      title={shellText.sessionEndedTitle}
    >
      <Stack>
        {other ? (
          <Alert color="yellow" title={shellText.otherTitle(other.actor.name)} role="alert">
            <Stack gap="xs" align="start">
              {shellText.other(other.actor.name, name)}
              <Button size="xs" variant="default" onClick={() => location.reload()}>
                {shellText.goOnAs(other.actor.name)}
              </Button>
            </Stack>
          </Alert>
        ) : (
          <Text size="sm">{shellText.sessionEnded(name)}</Text>
        )}
        {source.startsWith(oidcPrefix) ? (
          <ProviderAgain id={source.slice(oidcPrefix.length)} besides={leaveButton} />
        ) : (
          <CredentialsForm fixedName={name} onDone={() => undefined} besides={leaveButton} />
        )}
      </Stack>
    </Modal>
  )
}

/** Signing in at a provider takes a window of its own; until it is done there, the session is looked at again and again. */
function ProviderAgain({ id, besides }: { id: string; besides: ReactNode }) {
  const [isWaiting, setWaiting] = useState(false)
  const providers = useApi(listSignInProviders, {})
  const name = providers.data?.body.items.find((item) => item.id === id)?.name ?? shellText.provider
  useEffect(() => {
    if (!isWaiting) return
    const look = () => void loadSession().catch(() => undefined)
    const timer = setInterval(look, lookMs)
    window.addEventListener('focus', look)
    return () => {
      clearInterval(timer)
      window.removeEventListener('focus', look)
    }
  }, [isWaiting])
  const returnTo = encodeURIComponent('/sign-in?done=1')
  return (
    <>
      {isWaiting && (
        <Text size="sm" role="status">
          {shellText.providerWaits}
        </Text>
      )}
      <Group justify="flex-end">
        {besides}
        <Button
          component="a"
          href={apiAddress(`/auth/oidc/${encodeURIComponent(id)}/start?returnTo=${returnTo}`)}
          target="_blank"
          onClick={() => setWaiting(true)}
          data-autofocus
        >
          {shellText.withProvider(name)}
        </Button>
      </Group>
    </>
  )
}
