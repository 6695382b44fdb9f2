import { ApiProblem } from '@berth/api/client.ts'
import { Alert, Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { signInWithPassword } from '../api/session.ts'
import { signInText as text } from '../text/sign-in.ts'
import { uiText } from '../text/ui.ts'
import { useSecondsLeft } from './seconds-left.ts'
import { PasswordField } from './password-field.tsx'

type Step = 'password' | 'code' | 'recoveryCode'
type FieldName = 'name' | 'password' | 'code'

/**
 * Name and password, then the code of the second factor where there is one. What was typed stays when the server refuses it or
 * does not answer. With `fixedName` only that user signs in.
 */
export function CredentialsForm({
  fixedName,
  onDone,
  besides,
}: {
  fixedName?: string
  onDone: () => void
  /** Another button beside that which signs in. */
  besides?: ReactNode
}) {
  const [typed, setTyped] = useState({ name: fixedName ?? '', password: '', code: '' })
  const [step, setStep] = useState<Step>('password')
  const [missing, setMissing] = useState<Partial<Record<FieldName, string>>>({})
  const [fault, setFault] = useState<string>()
  const [until, setUntil] = useState<number>()
  const [isBusy, setBusy] = useState(false)
  const seconds = useSecondsLeft(until)

  const change = (name: FieldName) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget
    setTyped((before) => ({ ...before, [name]: value }))
    setMissing({})
  }
  const goTo = (next: Step) => {
    setStep(next)
    setFault(undefined)
    setTyped((before) => ({ ...before, code: '' }))
  }
  const send = async () => {
    const faults = faultsOf(typed, step)
    setMissing(faults)
    if (Object.keys(faults).length > 0) return
    setBusy(true)
    setFault(undefined)
    try {
      const { name, password, code } = typed
      const codeGiven = step === 'password' ? {} : { code: code.replaceAll(/\s/g, '') }
      await signInWithPassword({ name: name.trim(), password, ...codeGiven })
      onDone()
    } catch (error) {
      if (isReason(error, 'secondFactorRequired')) {
        goTo('code')
        return
      }
      if (isReason(error, 'invalidCredentials')) setStep('password')
      if (error instanceof ApiProblem && error.status === 429) {
        setUntil(Date.now() + (error.retryAfterSeconds ?? 1) * 1000)
      }
      setFault(wordsOf(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Stack>
        {step === 'password' ? (
          <>
            {fixedName === undefined && (
              <TextInput
                label={text.name}
                value={typed.name}
                onChange={change('name')}
                error={missing.name}
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={256}
                autoFocus
                data-autofocus
              />
            )}
            <PasswordField
              label={text.password}
              value={typed.password}
              onChange={change('password')}
              error={missing.password}
              autoComplete="current-password"
              maxLength={256}
              {...(fixedName !== undefined && { 'data-autofocus': true })}
            />
          </>
        ) : (
          <>
            <Text size="sm">{step === 'code' ? text.codeLead : text.recoveryLead}</Text>
            <TextInput
              key={step}
              label={step === 'code' ? text.code : text.recoveryCode}
              value={typed.code}
              onChange={change('code')}
              error={missing.code}
              autoComplete="one-time-code"
              inputMode={step === 'code' ? 'numeric' : 'text'}
              autoCapitalize="none"
              spellCheck={false}
              maxLength={64}
              autoFocus
            />
            <Anchor
              component="button"
              type="button"
              size="sm"
              ta="start"
              onClick={() => goTo(step === 'code' ? 'recoveryCode' : 'code')}
            >
              {step === 'code' ? text.useRecovery : text.useApp}
            </Anchor>
          </>
        )}
        {fault !== undefined && (
          <Alert color="red" role="alert">
            {fault}
            {seconds > 0 && ` ${text.tryAgainIn(seconds)}.`}
          </Alert>
        )}
        <Group justify="flex-end">
          {step !== 'password' && (
            <Button variant="default" onClick={() => goTo('password')}>
              {text.back}
            </Button>
          )}
          {besides}
          <Button
            type="submit"
            loading={isBusy}
            disabled={seconds > 0}
            fullWidth={besides === undefined && step === 'password'}
          >
            {text.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function faultsOf(
  typed: Readonly<Record<FieldName, string>>,
  step: Step,
): Partial<Record<FieldName, string>> {
  if (step !== 'password') {
    if (typed.code.replaceAll(/\s/g, '').length >= 6) return {}
    return { code: step === 'code' ? text.codeMissing : text.recoveryMissing }
  }
  return {
    ...(typed.name.trim() === '' && { name: text.nameMissing }),
    ...(typed.password === '' && { password: text.passwordMissing }),
  }
}

function isReason(error: unknown, reason: string): boolean {
  return error instanceof ApiProblem && error.details.some((detail) => detail['reason'] === reason)
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) return uiText.away
  if (error.status === 429) return text.throttled
  if (isReason(error, 'invalidCredentials')) return text.wrong
  if (isReason(error, 'secondFactorInvalid')) return text.codeWrong
  return error.message
}
