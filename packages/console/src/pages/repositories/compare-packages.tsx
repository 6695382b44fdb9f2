import type { ClientAnswer } from '@berth/api/client.ts'
import { readImageDiff } from '@berth/api/scans.ts'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { ChangeBadge } from './change-badge.tsx'
import type { Change, Pair } from './compared.ts'
import { ShowScanned } from './show-scanned.tsx'
import { useRepository } from './repository-context.ts'

const text = repositoryText.compare

type Difference = ClientAnswer<typeof readImageDiff>['body']
type Row = {
  readonly key: string
  readonly change: Change
  readonly kind: string
  readonly name: string
  readonly before: string
  readonly after: string
}

/** Which packages came, went, or have another version. */
export function ComparePackages({ before, after }: Pair) {
  const { repository } = useRepository()
  const read = useApi(readImageDiff, {
    params: { repository: repository.name, reference: before.manifest.digest },
    query: { to: after.manifest.digest },
  })
  const difference = read.data?.body
  const rows = useMemo(() => (difference ? packageRows(difference) : []), [difference])
  const { added = [], removed = [], changed = [] } = difference ?? {}
  return (
    <Section
      title={text.packages}
      lead={difference && text.packagesSummary(added.length, removed.length, changed.length)}
    >
      <ShowScanned of={read}>
        {() => (
          <DataTable
            label={text.packages}
            columns={columns}
            rows={rows}
            rowKey={({ key }) => key}
            empty={text.nothingDifferent}
            height="32rem"
          />
        )}
      </ShowScanned>
      {difference?.isTruncated === true && text.cut}
    </Section>
  )
}

function packageRows({ added, removed, changed }: Difference): Row[] {
  return [
    ...changed.map(({ kind, name, before, after }) => ({
      key: `${kind} ${name}`,
      change: 'changed' as const,
      kind,
      name,
      before: before.join(', '),
      after: after.join(', '),
    })),
    ...added.map(({ kind, name, version }) => ({
      key: `added ${kind} ${name} ${version}`,
      change: 'added' as const,
      kind,
      name,
      before: '',
      after: version,
    })),
    ...removed.map(({ kind, name, version }) => ({
      key: `removed ${kind} ${name} ${version}`,
      change: 'removed' as const,
      kind,
      name,
      before: version,
      after: '',
    })),
  ]
}

function Version({ version }: { version: string }) {
  if (version === '') return null
  return (
    <span className="berth-mono">
      <ForeignText text={version} max={120} />
    </span>
  )
}

const columns: readonly Column<Row>[] = [
  {
    id: 'change',
    title: text.change,
    width: 120,
    cell: ({ change }) => <ChangeBadge change={change} />,
  },
  { id: 'package', title: text.package, cell: ({ name }) => <ForeignText text={name} max={120} /> },
  { id: 'kind', title: text.kind, cell: ({ kind }) => kind },
  { id: 'before', title: text.before, cell: ({ before }) => <Version version={before} /> },
  { id: 'after', title: text.after, cell: ({ after }) => <Version version={after} /> },
]
