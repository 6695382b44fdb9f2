import { ApiProblem } from '@berth/api/client.ts'
import { finishSetup, readSetup } from '@berth/api/setup.ts'
import { Alert, Button, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { registryHost } from '../../api/address.ts'
import { callApi } from '../../api/client.ts'
import { useApi } from '../../api/queries.ts'
import { loadSession } from '../../api/session.ts'
import { setUpText as text, signInText } from '../../text/sign-in.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { ButtonLink } from '../../ui/link.tsx'
import { passwordCharactersMin, PasswordStrength } from '../../ui/password-strength.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { Frame } from './frame.tsx'
import { PasswordField } from '../../ui/password-field.tsx'

/** The link of the first start: `#code=...`, which no server and no log of one ever sees. */
function codeInAddress(): string {
  return new URLSearchParams(location.hash.slice(1)).get('code') ?? ''
}

export default function SetUp() {
  const setUp = useApi(readSetup, {})
  return (
    <Show
      of={setUp}
      skeleton={<Frame title={text.title} lead={registryHost} children={<Lines />} />}
    >
      {({ body }) =>
        body.isNeeded ? (
          <Frame title={text.title} lead={text.lead}>
            <SetUpForm />
          </Frame>
        ) : (
          <Frame title={text.notNeededTitle} lead={registryHost}>
            <Text>{text.notNeeded}</Text>
            <ButtonLink to="/sign-in">{text.toSignIn}</ButtonLink>
          </Frame>
        )
      }
    </Show>
  )
}

function SetUpForm() {
  const navigate = useNavigate()
  const client = useQueryClient()
  const [given] = useState(codeInAddress)
  const [again, setAgain] = useState('')
  const [againFault, setAgainFault] = useState<string>()
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: finishSetup.body,
    initial: { code: given, name: '', password: '' },
    toBody: ({ code, name, password }) => ({
      code: code.trim(),
      password,
      ...(name !== '' && { name }),
    }),
    send: async (body) => {
      await callApi(finishSetup, { body }).catch((error: unknown) => {
        throw inWords(error)
      })
      await loadSession()
    },
    onDone: () => {
      client.clear()
      void navigate({ to: '/', replace: true })
    },
  })
  const { password } = form.values
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const isShort = Array.from(password).length < passwordCharactersMin
        if (isShort) form.setFieldError('password', text.tooShort)
        const differs = again === password ? undefined : text.differs
        setAgainFault(differs)
        if (!isShort && differs === undefined) onSubmit(event)
      }}
    >
      <Stack>
        {given === '' && (
          <TextInput
            label={text.code}
            description={text.codeHint}
            autoComplete="off"
            spellCheck={false}
            maxLength={128}
            {...form.getInputProps('code')}
          />
        )}
        <TextInput
          label={text.name}
          description={text.nameHint}
          placeholder="admin"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          {...form.getInputProps('name')}
        />
        <PasswordField
          label={text.password}
          autoComplete="new-password"
          maxLength={256}
          {...form.getInputProps('password')}
        />
        <PasswordStrength password={password} />
        <PasswordField
          label={text.again}
          autoComplete="new-password"
          maxLength={256}
          value={again}
          error={againFault}
          onChange={(event) => {
            setAgain(event.currentTarget.value)
            setAgainFault(undefined)
          }}
        />
        {fault !== undefined && (
          <Alert color="red" role="alert">
            {fault}
          </Alert>
        )}
        <Button type="submit" loading={isSending}>
          {text.submit}
        </Button>
      </Stack>
    </form>
  )
}

/** The same refusal, in the words of this page. */
function inWords(error: unknown): unknown {
  if (!(error instanceof ApiProblem)) return error
  const { status, retryAfterSeconds = 1, requestId } = error
  const detail =
    status === 429
      ? `${signInText.throttled} ${signInText.tryAgainIn(retryAfterSeconds)}.`
      : error.details.some(({ reason }) => reason === 'setupCodeWrong')
        ? text.codeWrong
        : undefined
  if (detail === undefined) return error
  return new ApiProblem(
    status,
    { detail, ...(requestId !== undefined && { requestId }) },
    undefined,
  )
}
