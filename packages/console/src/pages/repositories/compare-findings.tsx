import { listFindings } from '@berth/api/findings.ts'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { callApi } from '../../api/client.ts'
import { type ItemOf, keyOf } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { SeverityBadge } from '../../ui/severity.tsx'
import { ChangeBadge } from './change-badge.tsx'
import type { Change, Pair } from './compared.ts'
import { ShowScanned } from './show-scanned.tsx'
import { useRepository } from './repository-context.ts'

const text = repositoryText.compare
/** Of each image. */
const pagesMax = 15

type Finding = ItemOf<typeof listFindings>
type Row = { readonly key: string; readonly change: Change; readonly finding: Finding }
type Read = { readonly items: readonly Finding[]; readonly isCut: boolean }

/** Which vulnerabilities came, went and stayed; those that somebody judged away are left out. */
export function CompareFindings({ before, after }: Pair) {
  const [{ same }] = useFilters()
  const old = useAllFindings(before.manifest.digest)
  const current = useAllFindings(after.manifest.digest)
  const rows = useMemo(
    () => (old.data && current.data ? findingRows(old.data.items, current.data.items) : []),
    [old.data, current.data],
  )
  const countOf = (change: Change) => rows.filter((row) => row.change === change).length
  const isRead = old.data !== undefined && current.data !== undefined
  const shown = same === undefined ? rows.filter(({ change }) => change !== 'same') : rows
  return (
    <Section
      title={text.findings}
      lead={isRead && text.findingsSummary(countOf('added'), countOf('removed'), countOf('same'))}
    >
      <ShowScanned
        of={{
          data: isRead ? rows : undefined,
          error: old.error ?? current.error,
          refetch: () => Promise.all([old.refetch(), current.refetch()]),
        }}
      >
        {() => (
          <DataTable
            label={text.findings}
            columns={columns}
            rows={shown}
            rowKey={({ key }) => key}
            empty={text.nothingDifferent}
            height="32rem"
          />
        )}
      </ShowScanned>
      {(old.data?.isCut === true || current.data?.isCut === true) && text.cut}
    </Section>
  )
}

/** All pages, up to a bound: what is new cannot be told from a part. */
function useAllFindings(digest: string) {
  const { repository } = useRepository()
  const params = { repository: repository.name, reference: digest }
  return useQuery({
    queryKey: [...keyOf(listFindings, { params }), 'all'],
    queryFn: async ({ signal }): Promise<Read> => {
      const items: Finding[] = []
      let after: string | undefined
      for (let page = 0; page < pagesMax; page += 1) {
        const query = { limit: 200, suppressed: 'false' as const, ...(after && { after }) }
        const { body } = await callApi(listFindings, { params, query, signal })
        items.push(...body.items)
        if (body.next === null) return { items, isCut: false }
        after = body.next
      }
      return { items, isCut: true }
    },
  })
}

/** New ones first, then those that are gone, each the worst first as they came. */
function findingRows(before: readonly Finding[], after: readonly Finding[]): Row[] {
  const old = byName(before)
  const current = byName(after)
  const rows = [
    ...[...current].map(([key, finding]) => ({
      key,
      change: old.has(key) ? ('same' as const) : ('added' as const),
      finding,
    })),
    ...[...old]
      .filter(([key]) => !current.has(key))
      .map(([key, finding]) => ({ key, change: 'removed' as const, finding })),
  ]
  const places = { added: 0, removed: 1, changed: 2, same: 3 }
  return rows.sort((a, b) => places[a.change] - places[b.change])
}

/** The same vulnerability in the same package is the same finding, whatever the version. */
function byName(findings: readonly Finding[]): Map<string, Finding> {
  const found = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.vulnerability} ${finding.package.kind} ${finding.package.name}`
    if (!found.has(key)) found.set(key, finding)
  }
  return found
}

const columns: readonly Column<Row>[] = [
  {
    id: 'change',
    title: text.change,
    width: 120,
    cell: ({ change }) => <ChangeBadge change={change} isLossGood words={text.findingChanges} />,
  },
  {
    id: 'vulnerability',
    title: text.vulnerability,
    cell: ({ finding }) => (
      <PageLink
        to="/security/vulnerabilities/$vulnerability"
        params={{ vulnerability: finding.vulnerability }}
      >
        {finding.vulnerability}
      </PageLink>
    ),
  },
  {
    id: 'severity',
    title: text.severity,
    cell: ({ finding }) => <SeverityBadge severity={finding.severity} />,
  },
  {
    id: 'package',
    title: text.package,
    cell: ({ finding }) => <ForeignText text={finding.package.name} max={120} />,
  },
  {
    id: 'version',
    title: text.version,
    cell: ({ finding }) => (
      <span className="berth-mono">
        <ForeignText text={finding.package.version} max={80} />
      </span>
    ),
  },
  {
    id: 'fixed',
    title: text.fixed,
    cell: ({ finding }) =>
      finding.fixedVersion !== null && (
        <span className="berth-mono">
          <ForeignText text={finding.fixedVersion} max={80} />
        </span>
      ),
  },
]
