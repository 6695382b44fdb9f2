import { Alert, Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { signInWithPassword, useIsSessionEnded, useSession } from '../api/session.ts'
import { giveUpSession } from '../api/session-state.ts'
import { shellText } from '../text/shell.ts'

/** Above the page whose session has ended: what was typed there stays, and is sent after signing in again. */
export function SignInAgain() {
  const isEnded = useIsSessionEnded()
  const session = useSession()
  const navigate = useNavigate()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [fault, setFault] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const name = session?.user?.name ?? session?.actor.name ?? ''
  const leave = () => {
    giveUpSession()
    void navigate({ to: '/sign-in' })
  }
  const submit = async () => {
    setBusy(true)
    setFault(undefined)
    try {
      await signInWithPassword({ name, password, ...(code !== '' && { code }) })
      setPassword('')
      setCode('')
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      opened={isEnded}
      onClose={leave}
      withCloseButton={false}
      closeOnClickOutside={false}
      title={shellText.sessionEndedTitle}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Stack>
          <Text size="sm">{shellText.sessionEnded(name)}</Text>
          <PasswordInput
            label={shellText.password}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            data-autofocus
            required
          />
          <TextInput
            label={shellText.code}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            autoComplete="one-time-code"
            inputMode="numeric"
          />
          {fault !== undefined && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={leave}>
              {shellText.signOut}
            </Button>
            <Button type="submit" loading={isBusy}>
              {shellText.signIn}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
