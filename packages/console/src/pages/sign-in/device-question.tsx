import type { readDeviceSignIn } from '@berth/api/device-flow.ts'
import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type * as z from 'zod'
import { deviceText as text } from '../../text/sign-in.ts'
import { uiText } from '../../text/ui.ts'
import { ApiProblem } from '@berth/api/client.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { Section } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'

/** Shows what asks, since nobody but the one who reads it can tell whether it is theirs. */
export function DeviceQuestion({
  request,
  code,
  userName,
  isBusy,
  fault,
  onSettle,
  otherButton,
}: {
  request: z.output<typeof readDeviceSignIn.answer>
  code: string
  userName: string
  isBusy: boolean
  fault: Error | null
  onSettle: (approve: boolean) => void
  otherButton: ReactNode
}) {
  return (
    <Section title={text.questionTitle}>
      <Stack className="berth-panel" p="lg" maw={640}>
        <Text>{text.question(userName)}</Text>
        <KeyValues
          items={[
            [text.client, <ForeignText key="client" text={request.clientName} />],
            [
              text.address,
              <span key="address" className="berth-mono">
                {request.address}
              </span>,
            ],
            [
              text.codeShown,
              <bdi key="code" className="berth-mono">
                {code.toUpperCase()}
              </bdi>,
            ],
            [text.expires, <Ago key="expires" at={request.expiresAt} />],
          ]}
        />
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />}>
          {text.warning}
        </Alert>
        {fault && (
          <Alert color="red" role="alert">
            {fault instanceof ApiProblem ? fault.message : uiText.away}
          </Alert>
        )}
        <Group>
          <Button loading={isBusy} onClick={() => onSettle(true)}>
            {text.approve}
          </Button>
          <Button variant="default" disabled={isBusy} onClick={() => onSettle(false)}>
            {text.deny}
          </Button>
          {otherButton}
        </Group>
      </Stack>
    </Section>
  )
}
