import { readCollection, startCollection } from '@berth/api/collection.ts'
import { listJobs } from '@berth/api/jobs.ts'
import { Button, Checkbox, Group, SimpleGrid, Stack } from '@mantine/core'
import { useState } from 'react'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { jobsText } from '../../text/jobs.ts'
import { Figure } from '../../ui/figure.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Page, Section } from '../../ui/page.tsx'
import { Lines, Nothing, Show } from '../../ui/states.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { CollectionRuns, freedBy } from './collection-runs.tsx'
import type { Job } from './job-parts.tsx'
import { JobRun } from './job-run.tsx'
import { Verification } from './verification.tsx'

const text = jobsText.collection
const refreshMs = 3000
const runsShown = 20

export default function Collection() {
  const collection = useApi(readCollection, {}, { refreshMs })
  const runs = useApi(listJobs, { query: { name: 'collect', limit: runsShown } }, { refreshMs })
  const items = runs.data?.body.items ?? []
  return (
    <Page title={text.title} lead={text.lead}>
      <Show of={collection} skeleton={<Lines count={3} height={28} />}>
        {({ body: { waiting, lastRun } }) => (
          <>
            <Figures waiting={waiting} runs={items} />
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
              <Stack gap="lg">
                <Run />
                <Section title={text.lastRun}>
                  {lastRun === null ? <Nothing>{text.never}</Nothing> : <JobRun job={lastRun} />}
                </Section>
              </Stack>
              <Verification />
            </SimpleGrid>
          </>
        )}
      </Show>
      {items.length > 1 && <CollectionRuns runs={items} />}
    </Page>
  )
}

type Waiting = z.output<typeof readCollection.answer>['waiting']

function Figures({ waiting, runs }: { waiting: Waiting; runs: readonly Job[] }) {
  const freed = runs.flatMap((job) => freedBy(job)?.bytesFreed ?? [])
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
      <Figure label={text.due} note={text.dueNote(formatCount(waiting.reviews))}>
        {formatCount(waiting.reviewsDue)}
      </Figure>
      <Figure label={text.trash} note={text.trashNote}>
        {formatCount(waiting.trash)}
      </Figure>
      <Figure label={text.trashBytes} note={text.trashBytesNote}>
        {formatBytes(waiting.trashBytes)}
      </Figure>
      <Figure label={text.freed} note={text.runs(freed.length)}>
        {formatBytes(freed.reduce((sum, bytes) => sum + bytes, 0))}
      </Figure>
    </SimpleGrid>
  )
}

function Run() {
  const mayManage = useMay('manageSystem')
  const [sweep, setSweep] = useState(false)
  const start = useApiAction(startCollection, { changes: [readCollection, listJobs] })
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
    <Section title={text.ask} lead={text.askLead}>
      <Stack gap="sm" className="berth-panel" p="md">
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
    </Section>
  )
}
