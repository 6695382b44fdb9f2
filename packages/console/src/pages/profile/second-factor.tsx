import { beginSecondFactor, readSecondFactor } from '@berth/api/second-factor.ts'
import { Alert, Box, Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { secondFactorText as text } from '../../text/profile.ts'
import { KeyValues } from '../../ui/key-values.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { Moment } from '../../ui/time.tsx'
import { DisableFactor, RenewCodes } from './factor-proof.tsx'
import { FactorSetUp } from './factor-set-up.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'

type Begun = z.output<typeof beginSecondFactor.answer>

const fewCodes = 3

/** The second factor: set up, its recovery codes, and the way back. */
export default function SecondFactor() {
  const session = useSession()
  const factor = useApi(readSecondFactor, {})
  const begin = useApiAction(beginSecondFactor, { changes: [] })
  const [begun, setBegun] = useState<Begun>()
  const [codes, setCodes] = useState<readonly string[]>()
  const [open, setOpen] = useState<'disable' | 'renew'>()
  if (session?.user?.source.startsWith('oidc:') === true) {
    return (
      <Section title={text.title}>
        <Text>{text.elsewhere}</Text>
      </Section>
    )
  }
  const start = async () => {
    try {
      setBegun((await begin.mutateAsync({})).body)
    } catch (error) {
      notifyFault(error)
    }
  }
  return (
    <Section title={text.title} lead={text.lead}>
      <Show of={factor}>
        {({ body }) => (
          <Box className="berth-panel" p="lg" maw={640}>
            {body.active ? (
              <Stack>
                <Text fw={600}>{text.on}</Text>
                <KeyValues
                  items={[
                    [text.since, body.since && <Moment at={body.since} />],
                    [text.left, String(body.recoveryCodesLeft)],
                  ]}
                />
                {body.recoveryCodesLeft < fewCodes && <Alert color="yellow">{text.few}</Alert>}
                <Group>
                  <Button variant="default" onClick={() => setOpen('renew')}>
                    {text.renew}
                  </Button>
                  <Button variant="default" onClick={() => setOpen('disable')}>
                    {text.disable}
                  </Button>
                </Group>
              </Stack>
            ) : (
              <Stack align="start">
                <Text fw={600}>{text.off}</Text>
                <Text size="sm">{text.offLead}</Text>
                <Button loading={begin.isPending} onClick={() => void start()}>
                  {text.begin}
                </Button>
              </Stack>
            )}
          </Box>
        )}
      </Show>
      <FactorSetUp
        begun={begun}
        onClose={() => setBegun(undefined)}
        onConfirmed={(recoveryCodes) => {
          setBegun(undefined)
          setCodes(recoveryCodes)
          notifyDone(text.confirmed)
        }}
      />
      <RenewCodes
        isOpen={open === 'renew'}
        onClose={() => setOpen(undefined)}
        onRenewed={setCodes}
      />
      <DisableFactor isOpen={open === 'disable'} onClose={() => setOpen(undefined)} />
      <RecoveryCodes codes={codes} onClose={() => setCodes(undefined)} />
    </Section>
  )
}
