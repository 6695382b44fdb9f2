import { readAdvisories } from '@berth/api/advisories.ts'
import { Alert, Box, Button, SimpleGrid, Stack, Text } from '@mantine/core'
import type * as z from 'zod'
import { apiAddress } from '../../api/client.ts'
import { useApi } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { securityText } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { ImportAdvisories } from './import-advisories.tsx'
import { UpdateAdvisories } from './update-advisories.tsx'

type Advisories = z.output<typeof readAdvisories.answer>
type Source = Advisories['sources'][number]
const text = securityText.advisories
const { columns: heads } = securityText
const oldDays = 7

export default function AdvisoriesPage() {
  const mayImport = useMay('importAdvisories')
  const advisories = useApi(
    readAdvisories,
    {},
    { refreshMs: 60_000 },
    ({ isUpdating, isMatching }) => (isUpdating || isMatching ? 2000 : 60_000),
  )
  return (
    <Page title={text.title} lead={text.lead}>
      <Show of={advisories}>
        {({ body }) => (
          <>
            <State advisories={body} />
            {body.revision === 0 ? (
              <Empty title={text.none}>{mayImport ? text.noneLead : text.noneNoRight}</Empty>
            ) : (
              <Sources advisories={body} />
            )}
            <UpdateAdvisories update={body.update} mayUpdate={mayImport} />
            {mayImport && (
              <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
                <ImportAdvisories isBusy={body.isUpdating} />
                {body.revision > 0 && <Export />}
              </SimpleGrid>
            )}
          </>
        )}
      </Show>
    </Page>
  )
}

function State({ advisories }: { advisories: Advisories }) {
  const { revision, builtAt, ageDays, fault, isUpdating, isMatching, sources } = advisories
  return (
    <Stack gap="sm">
      {fault !== null && (
        <Alert color="red" title={text.fault}>
          <ForeignText text={fault} />
        </Alert>
      )}
      {ageDays !== null && ageDays > oldDays && (
        <Alert color="yellow">{text.old(formatCount(Math.round(ageDays)))}</Alert>
      )}
      <div role="status">
        {isUpdating && <Alert color="blue">{text.updating}</Alert>}
        {!isUpdating && isMatching && <Alert color="blue">{text.matching}</Alert>}
      </div>
      {revision > 0 && (
        <Section title={text.inForce}>
          <Box className="berth-panel" p="md">
            <KeyValues
              items={[
                [text.revision, formatCount(revision)],
                [text.newest, <Ago key="newest" at={builtAt} never={text.unknownSize} />],
                [text.records, formatCount(sources.reduce((sum, { records }) => sum + records, 0))],
              ]}
            />
          </Box>
        </Section>
      )}
    </Stack>
  )
}

function Sources({ advisories: { sources, update } }: { advisories: Advisories }) {
  const states = new Map(update.lastRun?.sources.map(({ source, state }) => [source, state]))
  const columns: readonly Column<Source>[] = [
    { id: 'name', title: heads.source, cell: ({ name }) => <ForeignText text={name} max={80} /> },
    { id: 'age', title: heads.age, cell: ({ builtAt }) => <Ago at={builtAt} /> },
    {
      id: 'records',
      title: heads.records,
      align: 'end',
      cell: ({ records }) => formatCount(records),
    },
    {
      id: 'licence',
      title: heads.licence,
      cell: ({ license }) =>
        license === null ? <None /> : <ForeignText text={license} max={120} />,
    },
    {
      id: 'update',
      title: heads.lastUpdate,
      cell: ({ name }) => {
        const state = states.get(name)
        if (state === undefined) return <None />
        return <Badge color={state === 'failed' ? 'red' : 'plain'}>{text.states[state]}</Badge>
      },
    },
  ]
  return (
    <Section title={text.sources}>
      <DataTable
        label={text.sources}
        columns={columns}
        rows={sources}
        rowKey={({ name }) => name}
        empty={null}
      />
    </Section>
  )
}

/** Of this source nothing is known there. */
function None() {
  return (
    <Text span inherit className="berth-quiet">
      {text.unknown}
    </Text>
  )
}

function Export() {
  return (
    <Section title={text.export} lead={text.exportLead}>
      <Box className="berth-panel" p="md">
        <Button
          component="a"
          variant="default"
          href={apiAddress('/advisories/archive')}
          download="advisories.tar.zst"
        >
          {text.export}
        </Button>
      </Box>
    </Section>
  )
}
