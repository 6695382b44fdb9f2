import { ApiProblem } from '@berth/api/client.ts'
import { answerDeviceSignIn, readDeviceSignIn } from '@berth/api/device-flow.ts'
import { Button, Stack, TextInput } from '@mantine/core'
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { deviceText as text, signInText } from '../../text/sign-in.ts'
import { useFilters } from '../../ui/filters.ts'
import { ButtonLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Fault, Lines } from '../../ui/states.tsx'
import { DeviceQuestion } from './device-question.tsx'

/** Where a command line sends its user: it is signed in as whoever agrees here. */
export default function Device() {
  const session = useSession()
  // Programs that follow RFC 8628 to the letter may write `user_code`.
  const [{ code, user_code: otherCode }, setFilters] = useFilters()
  const given = (code ?? otherCode ?? '').slice(0, 32)
  const [answer, setAnswer] = useState<'approved' | 'denied'>()
  const again = () => {
    setAnswer(undefined)
    setFilters({ code: undefined, user_code: undefined })
  }
  const otherButton = (
    <Button variant="default" onClick={again}>
      {text.other}
    </Button>
  )
  if (!session) {
    return (
      <Page title={text.title} lead={text.lead}>
        <Empty
          title={signInText.title}
          action={
            <ButtonLink
              to="/sign-in"
              search={{
                returnTo: given === '' ? '/device' : `/device?code=${encodeURIComponent(given)}`,
              }}
            >
              {signInText.submit}
            </ButtonLink>
          }
        />
      </Page>
    )
  }
  if (answer !== undefined) {
    const isApproved = answer === 'approved'
    return (
      <Page title={text.title}>
        <Empty
          title={isApproved ? text.approvedTitle : text.deniedTitle}
          icon={isApproved ? IconCircleCheck : IconCircleX}
          action={
            isApproved ? <ButtonLink to="/profile/keys">{text.keys}</ButtonLink> : otherButton
          }
        >
          {isApproved ? text.approved : text.denied}
        </Empty>
      </Page>
    )
  }
  return (
    <Page title={text.title} lead={text.lead}>
      {given === '' ? (
        <CodeForm fault={undefined} onCode={(typed) => setFilters({ code: typed })} />
      ) : (
        <Waiting
          key={given}
          code={given}
          userName={session.actor.name}
          onCode={(typed) => setFilters({ code: typed, user_code: undefined })}
          onAnswer={setAnswer}
          otherButton={otherButton}
        />
      )}
    </Page>
  )
}

function Waiting({
  code,
  userName,
  onCode,
  onAnswer,
  otherButton,
}: {
  code: string
  userName: string
  onCode: (code: string) => void
  onAnswer: (answer: 'approved' | 'denied') => void
  otherButton: ReactNode
}) {
  const request = useApi(readDeviceSignIn, { params: { userCode: code } })
  const action = useApiAction(answerDeviceSignIn, { changes: [] })
  if (request.isPending) return <Lines count={3} />
  if (request.isError) {
    const { error } = request
    const status = error instanceof ApiProblem ? error.status : 0
    if (status === 404) return <CodeForm fault={text.unknown} first={code} onCode={onCode} />
    if (status === 429) return <CodeForm fault={text.throttled} first={code} onCode={onCode} />
    return <Fault error={error} onRetry={() => void request.refetch()} />
  }
  const settle = (approve: boolean) =>
    action.mutate(
      { body: { userCode: code, approve } },
      { onSuccess: () => onAnswer(approve ? 'approved' : 'denied') },
    )
  return (
    <DeviceQuestion
      request={request.data.body}
      code={code}
      userName={userName}
      isBusy={action.isPending}
      fault={action.error}
      onSettle={settle}
      otherButton={otherButton}
    />
  )
}

function CodeForm({
  fault,
  first = '',
  onCode,
}: {
  fault: string | undefined
  first?: string
  onCode: (code: string) => void
}) {
  const [code, setCode] = useState(first)
  const [shown, setShown] = useState(fault)
  return (
    <form
      noValidate
      className="berth-panel"
      style={{ padding: 20, maxWidth: 460 }}
      onSubmit={(event) => {
        event.preventDefault()
        if (code.trim() === '') setShown(text.codeMissing)
        else if (code.trim() !== first) onCode(code.trim())
      }}
    >
      <Stack>
        <TextInput
          label={text.code}
          placeholder="WDJB-MJHT"
          value={code}
          error={shown}
          onChange={(event) => {
            setCode(event.currentTarget.value.toUpperCase())
            setShown(undefined)
          }}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={32}
          size="md"
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
        <Button type="submit">{text.look}</Button>
      </Stack>
    </form>
  )
}
