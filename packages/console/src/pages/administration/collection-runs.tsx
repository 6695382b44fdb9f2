import * as z from 'zod'
import { jobsText } from '../../text/jobs.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCount, formatSpan } from '../../ui/units.ts'
import { isDryRun, type Job, JobStateBadge } from './job-parts.tsx'

const text = jobsText.collection

const result = z.object({
  collection: z.object({ objectsRemoved: z.number(), bytesFreed: z.number() }),
})

type Freed = z.output<typeof result>['collection']

/** What a run removed from the store; `undefined` for one that has removed nothing yet or only looked. */
export function freedBy(job: Job): Freed | undefined {
  return isDryRun(job) ? undefined : result.safeParse(job.result).data?.collection
}

function freedColumn(id: string, title: string, shown: (freed: Freed) => string): Column<Job> {
  return {
    id,
    title,
    align: 'end',
    cell: (job) => {
      const freed = freedBy(job)
      return freed && shown(freed)
    },
  }
}

const columns: readonly Column<Job>[] = [
  {
    id: 'kind',
    title: text.kind,
    cell: (job) => (
      <PageLink to="/administration/jobs/$job" params={{ job: job.id }}>
        {isDryRun(job) ? text.kinds.dryRun : text.kinds.run}
      </PageLink>
    ),
  },
  { id: 'state', title: jobsText.state, cell: ({ state }) => <JobStateBadge state={state} /> },
  freedColumn('freed', text.freedBytes, ({ bytesFreed }) => formatBytes(bytesFreed)),
  freedColumn('objects', text.removedObjects, ({ objectsRemoved }) => formatCount(objectsRemoved)),
  { id: 'by', title: jobsText.requestedBy, cell: ({ requestedBy }) => <bdi>{requestedBy}</bdi> },
  { id: 'created', title: jobsText.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    id: 'took',
    title: jobsText.took,
    align: 'end',
    cell: ({ startedAt, finishedAt }) =>
      startedAt !== null &&
      finishedAt !== null &&
      formatSpan(Date.parse(finishedAt) - Date.parse(startedAt)),
  },
]

/** The latest runs, and what each of them freed. */
export function CollectionRuns({ runs }: { runs: readonly Job[] }) {
  return (
    <Section title={text.history} lead={text.historyLead}>
      <DataTable
        label={text.history}
        columns={columns}
        rows={runs}
        rowKey={({ id }) => id}
        empty={null}
      />
    </Section>
  )
}
