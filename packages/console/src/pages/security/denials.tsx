import { listDenials, listInstanceDenials } from '@berth/api/decisions.ts'
import type { ItemOf } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { RepositoryLink } from './finding-cells.tsx'
import { type Scope, ScopedPage, useScopedPages } from './scope.tsx'

type Denial = ItemOf<typeof listDenials>
const text = securityText.denials
const { columns: heads } = securityText
/** The reason names the image at its end, in the address under which the decision is told. */
const decision = /\/decisions\/([^\s/?#]+?)[.)]?(?:[\s?#]|$)/

const columns: readonly Column<Denial>[] = [
  {
    id: 'repository',
    title: heads.repository,
    cell: ({ repository }) => <RepositoryLink repository={repository} />,
  },
  { id: 'at', title: heads.at, cell: ({ at }) => <Ago at={at} /> },
  { id: 'actor', title: heads.who, cell: ({ actor }) => <ForeignText text={actor} max={80} /> },
  { id: 'reason', title: heads.reason, cell: (denial) => <Reason denial={denial} /> },
  { id: 'count', title: heads.count, align: 'end', cell: ({ count }) => formatCount(count) },
]

export default function Denials() {
  return (
    <ScopedPage title={text.title} lead={text.lead}>
      {(scope) => <DenialList scope={scope} />}
    </ScopedPage>
  )
}

function DenialList({ scope }: { scope: Scope }) {
  const denials = useScopedPages(
    scope,
    { project: listDenials, instance: listInstanceDenials },
    {},
    { refreshMs: 30_000 },
  )
  return (
    <DataTable
      label={text.label}
      columns={columns}
      rows={denials.items}
      rowKey={({ at, repository, actor, reason }) => `${at} ${repository} ${actor} ${reason}`}
      isLoading={denials.isLoading}
      error={denials.error}
      onRetry={() => void denials.refetch()}
      more={denials.more}
      hasMore={denials.hasNextPage}
      empty={<Empty title={text.empty}>{text.emptyLead}</Empty>}
    />
  )
}

function Reason({ denial: { repository, reason } }: { denial: Denial }) {
  const reference = referenceIn(reason)
  return (
    <>
      <ForeignText text={reason} max={300} />
      {reference !== undefined && (
        <>
          {' '}
          <PageLink
            to="/repositories/$repository/images/$reference/trust"
            params={{ repository, reference }}
            aria-label={`${text.why}: ${repository} ${reference.slice(0, 19)}`}
          >
            {text.why}
          </PageLink>
        </>
      )}
    </>
  )
}

function referenceIn(reason: string): string | undefined {
  const written = decision.exec(reason)?.[1]
  if (written === undefined) return undefined
  try {
    return decodeURIComponent(written)
  } catch {
    return undefined
  }
}
