import { useMemo } from 'react'
import { repositoryText } from '../../text/repositories.ts'
import { readable } from '../../ui/build-instruction.ts'
import { Digest } from '../../ui/copy.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { formatBytes } from '../../ui/units.ts'
import { ChangeBadge } from './change-badge.tsx'
import type { Change, ComparedImage, Pair } from './compared.ts'

const text = repositoryText.compare

type Layer = ComparedImage['layers']['items'][number]
type Row = { readonly key: string; readonly change: Change; readonly layer: Layer }

/** Which layers both have, and which only one: the bytes that a host has to fetch that has the other image. */
export function CompareLayers({ before, after }: Pair) {
  const rows = useMemo(
    () => layerRows(before.layers.items, after.layers.items),
    [before.layers, after.layers],
  )
  const [{ same }] = useFilters()
  const sum = (change: Change) =>
    formatBytes(
      rows.reduce((total, row) => (row.change === change ? total + row.layer.size : total), 0),
    )
  return (
    <Section
      title={text.layers}
      lead={text.layersSummary(sum('same'), sum('removed'), sum('added'))}
    >
      <DataTable
        label={text.layers}
        columns={columns}
        rows={rows.filter(({ change }) => change !== 'same' || same !== undefined)}
        rowKey={({ key }) => key}
        empty={text.nothingDifferent}
        height="28rem"
      />
    </Section>
  )
}

/** The lowest first; at each height what went stands above what came. */
function layerRows(before: readonly Layer[], after: readonly Layer[]): Row[] {
  const old = new Set(before.map(({ digest }) => digest))
  const current = new Set(after.map(({ digest }) => digest))
  const rows: Row[] = []
  for (let height = 0; height < Math.max(before.length, after.length); height += 1) {
    const was = before[height]
    const is = after[height]
    if (was && !current.has(was.digest)) {
      rows.push({ key: `before ${height}`, change: 'removed', layer: was })
    }
    if (is) {
      const change = old.has(is.digest) ? 'same' : 'added'
      rows.push({ key: `after ${height}`, change, layer: is })
    }
  }
  return rows
}

const columns: readonly Column<Row>[] = [
  {
    id: 'change',
    title: text.change,
    width: 120,
    cell: ({ change }) => <ChangeBadge change={change} />,
  },
  { id: 'digest', title: text.digest, cell: ({ layer }) => <Digest digest={layer.digest} /> },
  {
    id: 'createdBy',
    title: text.createdBy,
    width: '50%',
    cell: ({ layer }) =>
      layer.createdBy !== null && (
        <span className="berth-mono">
          <ForeignText text={readable(layer.createdBy)} max={160} />
        </span>
      ),
  },
  {
    id: 'size',
    title: repositoryText.size,
    align: 'end',
    cell: ({ layer }) => formatBytes(layer.size),
  },
]
