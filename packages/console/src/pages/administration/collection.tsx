import { readCollection, startCollection } from '@berth/api/collection.ts'
import { listJobs } from '@berth/api/jobs.ts'
import { readSystem } from '@berth/api/system.ts'
import { startVerification } from '@berth/api/verification.ts'
import { Box, Button, Checkbox, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { jobsText } from '../../text/jobs.ts'
import { KeyValues } from '../../ui/key-values.tsx'
import { PageLink } from '../../ui/link.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Page, Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCapped, formatCount } from '../../ui/units.ts'
import { type Job, JobProgress, JobStateBadge, JobValues } from './job-parts.tsx'

const text = jobsText.collection
const refreshMs = 3000

export default function Collection() {
  return (
    <Page title={text.title} lead={text.lead}>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Due />
        <Verification />
      </SimpleGrid>
    </Page>
  )
}

function Due() {
  const collection = useApi(readCollection, {}, { refreshMs })
  return (
    <Show of={collection}>
      {({ body: { waiting, lastRun } }) => (
        <Stack gap="lg">
          <Section title={text.waiting}>
            <Box className="berth-panel" p="md">
              <KeyValues
                items={[
                  [text.reviews, formatCount(waiting.reviews)],
                  [text.reviewsDue, formatCount(waiting.reviewsDue)],
                  [text.trash, formatCount(waiting.trash)],
                  [text.trashBytes, formatBytes(waiting.trashBytes)],
                ]}
              />
              <Run />
            </Box>
          </Section>
          <Section title={text.lastRun}>
            {lastRun === null ? <Text size="sm">{text.never}</Text> : <RunOf job={lastRun} />}
          </Section>
        </Stack>
      )}
    </Show>
  )
}

function Run() {
  const mayManage = useMay('manageSystem')
  const [sweep, setSweep] = useState(false)
  const start = useApiAction(startCollection)
  if (!mayManage) return null
  const run = async (dryRun: boolean) => {
    try {
      await start.mutateAsync({ body: { dryRun, sweep } })
      notifyDone(text.started)
    } catch (error) {
      notifyFault(error)
    }
  }
  return (
    <Stack gap="sm" mt="md">
      <Checkbox
        label={text.sweep}
        description={text.sweepHint}
        checked={sweep}
        onChange={(event) => setSweep(event.currentTarget.checked)}
      />
      <Group gap="xs">
        <Button onClick={() => void run(false)} loading={start.isPending}>
          {text.run}
        </Button>
        <Button variant="default" onClick={() => void run(true)}>
          {text.dryRun}
        </Button>
      </Group>
    </Stack>
  )
}

/** A run of one of both, with what it did. */
function RunOf({ job }: { job: Job }) {
  const isDry =
    typeof job.payload === 'object' &&
    job.payload !== null &&
    (job.payload as { dryRun?: unknown }).dryRun === true
  return (
    <Stack gap="xs" className="berth-panel" p="md">
      <Group gap="sm">
        <JobStateBadge state={job.state} />
        <Ago at={job.finishedAt ?? job.startedAt ?? job.createdAt} />
        <PageLink to="/administration/jobs/$job" params={{ job: job.id }}>
          {jobsText.open}
        </PageLink>
      </Group>
      <JobProgress job={job} />
      {isDry && job.result !== null && <Text size="sm">{text.dryRunDone}</Text>}
      <JobValues value={job.result} />
    </Stack>
  )
}

function Verification() {
  const mayManage = useMay('manageSystem')
  const system = useApi(readSystem, {})
  const runs = useApi(listJobs, { query: { name: 'verify', limit: 1 } }, { refreshMs })
  const start = useApiAction(startVerification, { changes: [listJobs] })
  const words = jobsText.verification
  const begin = async () => {
    try {
      await start.mutateAsync({ body: {} })
      notifyDone(words.started)
    } catch (error) {
      notifyFault(error)
    }
  }
  const damaged = system.data?.body.counts.damagedBlobs
  return (
    <Section title={words.title} lead={words.lead}>
      <Box className="berth-panel" p="md">
        <KeyValues
          items={[
            [words.damaged, damaged && (damaged.count === 0 ? words.none : formatCapped(damaged))],
          ]}
        />
        {mayManage && (
          <Button mt="md" variant="default" onClick={() => void begin()} loading={start.isPending}>
            {words.run}
          </Button>
        )}
      </Box>
      <Section title={words.latest}>
        <Show of={runs}>
          {({ body: { items } }) => {
            const [latest] = items
            return latest ? <RunOf job={latest} /> : <Text size="sm">{words.never}</Text>
          }}
        </Show>
      </Section>
    </Section>
  )
}
