import { readHealth, readSystem } from '@berth/api/system.ts'
import { readTraffic } from '@berth/api/traffic.ts'
import { Anchor, Box, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { berthUrl } from '../../api/address.ts'
import { useApi } from '../../api/queries.ts'
import { systemText as text } from '../../text/system.ts'
import { Badge } from '../../ui/badge.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCapped, formatShare, formatSpan } from '../../ui/units.ts'
import { type Traffic, TrafficCharts } from './traffic-charts.tsx'
import { TrafficTable } from './traffic-table.tsx'

const healthMs = 10_000
const trafficMs = 5000
const colors = { ok: 'teal', warning: 'amber', error: 'red' } as const

export default function System() {
  const traffic = useApi(readTraffic, {}, { refreshMs: trafficMs })
  return (
    <Page title={text.title} lead={text.lead}>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Health />
        <Facts traffic={traffic.data?.body} />
      </SimpleGrid>
      <Show of={traffic} skeleton={<Lines count={8} height={24} />}>
        {({ body }) => (
          <Section title={text.traffic} lead={text.trafficLead(body.node)}>
            <TrafficCharts traffic={body} />
            <TrafficTable traffic={body} />
          </Section>
        )}
      </Show>
    </Page>
  )
}

function Health() {
  const health = useApi(readHealth, {}, { refreshMs: healthMs })
  return (
    <Section title={text.health}>
      <Show of={health}>
        {({ body: { checks } }) => (
          <Stack gap={0} className="berth-panel" component="ul" m={0} p={0}>
            {checks.map(({ name, state, message, advice }, index) => (
              <Box
                key={name}
                component="li"
                px="md"
                py="xs"
                style={{
                  listStyle: 'none',
                  borderTop: index === 0 ? undefined : '1px solid var(--berth-line)',
                }}
              >
                <Group gap="sm" wrap="nowrap" justify="space-between">
                  <Text fw={600} size="sm">
                    {text.checks[name]}
                  </Text>
                  <Badge color={colors[state]}>{text.states[state]}</Badge>
                </Group>
                <Text size="sm">{message}</Text>
                {advice !== null && (
                  <Text size="sm" className="berth-quiet">
                    {advice}
                  </Text>
                )}
              </Box>
            ))}
          </Stack>
        )}
      </Show>
    </Section>
  )
}

function Facts({ traffic: process }: { traffic: Traffic | undefined }) {
  const system = useApi(readSystem, {}, { refreshMs: healthMs })
  return (
    <Show of={system}>
      {({ body: { version, database, startedAt, counts } }) => (
        <Stack gap="lg">
          <Section title={text.process}>
            <Box className="berth-panel" p="md">
              <KeyValues
                items={[
                  [text.version, version],
                  [
                    text.licences,
                    <Anchor
                      key="licences"
                      href={`${berthUrl}/licences.txt`}
                      target="_blank"
                      inherit
                    >
                      {text.licencesLink}
                    </Anchor>,
                  ],
                  [text.database, database.kind],
                  [text.started, <Ago key="started" at={startedAt} />],
                  [text.inFlight, process && String(process.inFlight)],
                  [text.eventLoop, process && formatSpan(process.eventLoop.p99)],
                  [text.memory, process && formatBytes(process.memory.residentBytes)],
                  [text.cpu, process && text.ofOneCore(formatShare(process.cpu))],
                ]}
              />
            </Box>
          </Section>
          <Section title={text.contents}>
            <Box className="berth-panel" p="md">
              <KeyValues
                items={(Object.keys(text.counts) as (keyof typeof text.counts)[]).map((name) => [
                  text.counts[name],
                  formatCapped(counts[name]),
                ])}
              />
            </Box>
          </Section>
        </Stack>
      )}
    </Show>
  )
}
