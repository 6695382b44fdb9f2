import { systemText as text } from '../../text/system.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/page.tsx'
import { Nothing } from '../../ui/states.tsx'
import { formatBytes, formatCount, formatSpan } from '../../ui/units.ts'
import type { Traffic } from './traffic-charts.tsx'

type Group = Traffic['lastMinute'][number]

const columns: readonly Column<Group>[] = [
  { id: 'group', title: text.group, cell: ({ group }) => text.groups[group] },
  { id: 'count', title: text.count, align: 'end', cell: (group) => formatCount(group.requests) },
  {
    id: 'client',
    title: text.clientErrors,
    align: 'end',
    cell: (group) => formatCount(group.clientErrors),
  },
  {
    id: 'server',
    title: text.serverErrors,
    align: 'end',
    cell: (group) => formatCount(group.serverErrors),
  },
  { id: 'p50', title: text.p50, align: 'end', cell: ({ p50 }) => formatSpan(p50) },
  { id: 'p95', title: text.p95, align: 'end', cell: ({ p95 }) => formatSpan(p95) },
  { id: 'p99', title: text.p99, align: 'end', cell: ({ p99 }) => formatSpan(p99) },
  { id: 'sent', title: text.sent, align: 'end', cell: ({ bytesOut }) => formatBytes(bytesOut) },
  {
    id: 'received',
    title: text.received,
    align: 'end',
    cell: ({ bytesIn }) => formatBytes(bytesIn),
  },
]

/** The same in numbers. */
export function TrafficTable({ traffic }: { traffic: Traffic }) {
  return (
    <Section title={text.lastMinute} order={3}>
      <DataTable
        label={text.lastMinute}
        columns={columns}
        rows={traffic.lastMinute}
        rowKey={({ group }) => group}
        empty={<Nothing>{text.quiet}</Nothing>}
      />
    </Section>
  )
}
