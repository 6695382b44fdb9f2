import { listSignInSettings, testSignIn } from '@berth/api/sign-in-settings.ts'
import { Alert, Box, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type * as z from 'zod'
import { type ItemOf, useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { systemText } from '../../text/system.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { notifyFault } from '../../ui/notify.ts'
import { Page, Section } from '../../ui/page.tsx'
import { spacedName } from '../../ui/spaced-name.ts'
import { Empty, Show } from '../../ui/states.tsx'
import { formatSpan } from '../../ui/units.ts'

const text = systemText.signIn
type Provider = ItemOf<typeof listSignInSettings>
type Outcome = z.output<typeof testSignIn.answer>

export default function SignInSettings() {
  const settings = useApi(listSignInSettings, {})
  return (
    <Page title={text.title} lead={text.lead}>
      <Show of={settings}>
        {({ body: { items } }) =>
          items.length === 0 ? (
            <Empty>{text.empty}</Empty>
          ) : (
            <Stack gap="xl">
              {items.map((provider) => (
                <ProviderSection key={provider.id} provider={provider} />
              ))}
            </Stack>
          )
        }
      </Show>
    </Page>
  )
}

function ProviderSection({ provider }: { provider: Provider }) {
  const mayTest = useMay('manageSystem')
  const name = provider.kind === 'oidc' ? provider.name : text.kinds.ldap
  return (
    <Section title={name} lead={`${text.kinds[provider.kind]}, ${provider.id}`}>
      <Box className="berth-panel" p="md">
        <KeyValues
          items={Object.entries(provider)
            .filter(([key]) => key !== 'kind' && key !== 'id' && key !== 'name')
            .map(([key, value]) => [spacedName(key), textOf(value)])}
        />
      </Box>
      {mayTest && <Test provider={provider} />}
    </Section>
  )
}

function Test({ provider }: { provider: Provider }) {
  const [userName, setUserName] = useState('')
  const [outcome, setOutcome] = useState<Outcome>()
  const test = useApiAction(testSignIn, { changes: [] })
  const run = async () => {
    setOutcome(undefined)
    try {
      const { body } = await test.mutateAsync({
        params: { provider: provider.id },
        body: userName === '' ? {} : { userName },
      })
      setOutcome(body)
    } catch (error) {
      notifyFault(error)
    }
  }
  return (
    <Stack gap="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <Group align="flex-end" gap="sm">
          {provider.kind === 'ldap' && (
            <TextInput
              label={text.userName}
              value={userName}
              maxLength={256}
              onChange={(event) => setUserName(event.currentTarget.value)}
            />
          )}
          <Button type="submit" variant="default" loading={test.isPending}>
            {text.test}
          </Button>
        </Group>
      </form>
      {outcome && (
        <Alert
          color={outcome.passed ? 'teal' : 'red'}
          title={outcome.passed ? text.passed : text.failed}
          role="status"
        >
          <Stack gap="xs" component="ol" m={0} pl="md">
            {outcome.steps.map((step, index) => (
              <li key={index}>
                <Group gap="xs">
                  <Text size="sm" fw={600}>
                    {text.steps[step.name]}
                  </Text>
                  <Badge color={colors[step.state]}>{text.stepStates[step.state]}</Badge>
                  {step.target !== null && <Text size="xs">{step.target}</Text>}
                  <Text size="xs">{formatSpan(step.milliseconds)}</Text>
                </Group>
                <Text size="sm">
                  <ForeignText text={step.message} />
                </Text>
              </li>
            ))}
          </Stack>
        </Alert>
      )}
    </Stack>
  )
}

const colors = { passed: 'teal', failed: 'red', skipped: 'gray' } as const

type Value =
  | string
  | number
  | boolean
  | null
  | readonly (string | { group: string; role: string })[]

function textOf(value: Value): string {
  if (typeof value === 'boolean') return value ? text.yes : text.no
  if (value === null || (typeof value === 'object' && value.length === 0)) return text.none
  if (typeof value !== 'object') return String(value)
  return value
    .map((item) => (typeof item === 'string' ? item : `${item.group}: ${item.role}`))
    .join(', ')
}
