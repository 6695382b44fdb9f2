import { listInstanceFindings, listTrackedFindings } from '@berth/api/findings.ts'
import { repositoryName } from '@berth/api/repositories.ts'
import { Alert } from '@mantine/core'
import { useMemo } from 'react'
import { securityText } from '../../text/security.ts'
import { DataTable, type Sort } from '../../ui/data-table.tsx'
import { type Filters, useFilters } from '../../ui/filters.ts'
import { type Severity, severities } from '../../ui/severity.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { findingColumns, findingKey } from './finding-columns.tsx'
import { FindingFilters, filterNames } from './finding-filters.tsx'
import { type Scope, ScopedPage, useScopedPages } from './scope.tsx'

const text = securityText.findings
const dayMs = 86_400_000
const hourMs = 3_600_000

export default function Findings() {
  return (
    <ScopedPage title={text.title} lead={text.lead}>
      {(scope) => <FindingList scope={scope} />}
    </ScopedPage>
  )
}

function FindingList({ scope }: { scope: Scope }) {
  const [filters, setFilters] = useFilters()
  const isBadRepository =
    filters.repository !== undefined && !repositoryName.safeParse(filters.repository).success
  const query = useMemo(() => queryOf(filters), [filters])
  const findings = useScopedPages(
    scope,
    { project: listTrackedFindings, instance: listInstanceFindings },
    query,
    { keepsPrevious: true, isEnabled: !isBadRepository },
  )
  const columns = useMemo(() => findingColumns(scope), [scope])
  const sort: Sort =
    query.sort === 'due' ? { by: 'due', order: 'ascending' } : { by: 'score', order: 'descending' }
  const isFiltered = filterNames.some((name) => filters[name] !== undefined)
  const clear = () => setFilters(Object.fromEntries(filterNames.map((name) => [name, undefined])))
  return (
    <>
      <FindingFilters filters={filters} onChange={setFilters} />
      {isBadRepository ? (
        <Alert color="yellow">{text.badRepository}</Alert>
      ) : (
        <DataTable
          label={text.label}
          columns={columns}
          rows={findings.items}
          rowKey={findingKey}
          isLoading={findings.isLoading}
          error={findings.error}
          onRetry={() => void findings.refetch()}
          more={findings.more}
          hasMore={findings.hasNextPage}
          sort={sort}
          onSort={({ by }) => setFilters({ sort: by === 'due' ? by : undefined })}
          empty={
            isFiltered ? (
              <NothingFound onClear={clear} />
            ) : (
              <Empty title={text.empty}>{text.emptyLead}</Empty>
            )
          }
        />
      )}
    </>
  )
}

/** What the address says, as the API is asked. */
function queryOf(filters: Filters) {
  const { state, due, fixable, exploited, vulnerability, repository } = filters
  const chosen = (filters.severity ?? '').split(',')
  const severity = severities.filter((each): each is Severity => chosen.includes(each))
  // By the hour, so that the same list is not asked for anew with every look.
  const hour = Math.ceil(Date.now() / hourMs) * hourMs
  const within = { soon: 7, month: 30 }[due ?? '']
  return {
    limit: 100,
    ...(severity.length > 0 && { severity }),
    ...((state === 'closed' || state === 'all') && { state }),
    ...(filters.sort === 'due' && { sort: 'due' as const }),
    ...(due === 'overdue' && { overdue: 'true' }),
    ...(within !== undefined && {
      overdue: 'false',
      dueBefore: new Date(hour + within * dayMs).toISOString(),
    }),
    ...((fixable === 'true' || fixable === 'false') && { fixable }),
    ...((exploited === 'true' || exploited === 'false') && { knownExploited: exploited }),
    ...(filters.package !== undefined && { package: filters.package }),
    ...(repository !== undefined && { repository }),
    ...(vulnerability !== undefined && { vulnerability: vulnerability.slice(0, 100) }),
  }
}
