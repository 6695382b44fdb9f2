import { jobName, jobState, listJobs } from '@berth/api/jobs.ts'
import { Group, Select } from '@mantine/core'
import { isRefusal } from '../../api/client.ts'
import { type ItemOf, useApiPages } from '../../api/queries.ts'
import { jobsText as text } from '../../text/jobs.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatSpan } from '../../ui/units.ts'
import { isMoving, JobProgress, JobStateBadge } from './job-parts.tsx'

const liveMs = 2000
const idleMs = 10_000

const columns: readonly Column<ItemOf<typeof listJobs>>[] = [
  {
    id: 'name',
    title: text.name,
    cell: ({ id, name }) => (
      <PageLink to="/administration/jobs/$job" params={{ job: id }}>
        {name}
      </PageLink>
    ),
  },
  { id: 'state', title: text.state, cell: ({ state }) => <JobStateBadge state={state} /> },
  { id: 'progress', title: text.progress, cell: (job) => <JobProgress job={job} /> },
  { id: 'by', title: text.requestedBy, cell: ({ requestedBy }) => <bdi>{requestedBy}</bdi> },
  { id: 'created', title: text.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    id: 'took',
    title: text.took,
    align: 'end',
    cell: ({ startedAt, finishedAt }) =>
      startedAt !== null &&
      finishedAt !== null &&
      formatSpan(Date.parse(finishedAt) - Date.parse(startedAt)),
  },
]

export default function Jobs() {
  const [filters, setFilters] = useFilters()
  const state = jobState.safeParse(filters.state).data
  const name = jobName.safeParse(filters.name).data
  const jobs = useApiPages(
    listJobs,
    { query: { ...(state && { state }), ...(name !== undefined && { name }) } },
    {
      keepsPrevious: true,
      refreshMs: (items) => (items.some((job) => isMoving(job)) ? liveMs : idleMs),
    },
  )
  const isFiltered = filters.state !== undefined || filters.name !== undefined
  return (
    <Page title={text.title} lead={text.lead}>
      {!isRefusal(jobs.error) && (
        <Group gap="sm">
          <FilterField
            label={text.nameFilter}
            value={filters.name ?? ''}
            onChange={(value) => setFilters({ name: value.toLowerCase() })}
          />
          <Select
            aria-label={text.state}
            placeholder={text.state}
            clearable
            data={jobState.options.map((value) => ({ value, label: text.states[value] }))}
            value={state ?? null}
            onChange={(value) => setFilters({ state: value ?? undefined })}
            w={160}
          />
        </Group>
      )}
      <DataTable
        label={text.title}
        columns={columns}
        rows={jobs.items}
        rowKey={({ id }) => id}
        isLoading={jobs.isLoading}
        error={jobs.error}
        onRetry={() => void jobs.refetch()}
        more={jobs.more}
        hasMore={jobs.hasNextPage}
        empty={
          isFiltered ? (
            <NothingFound onClear={() => setFilters({ name: undefined, state: undefined })} />
          ) : (
            <Empty>{text.empty}</Empty>
          )
        }
      />
    </Page>
  )
}
