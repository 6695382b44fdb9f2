import { readFindingsTrend, readInstanceFindingsTrend } from '@berth/api/findings.ts'
import { Box, Group, SegmentedControl, Text } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import type * as z from 'zod'
import { securityText } from '../../text/security.ts'
import { severityText } from '../../text/severity.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Section } from '../../ui/page.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Show } from '../../ui/states.tsx'
import { formatCount } from '../../ui/units.ts'
import { type Scope, useScoped } from './scope.tsx'

type Day = z.output<typeof readFindingsTrend.answer>['days'][number]
type Shown = 'critical' | 'high' | 'medium' | 'low'
const text = securityText.overview
const spans = ['30', '90', '365']
const lines: readonly { readonly severity: Shown; readonly color: string }[] = [
  { severity: 'critical', color: '#c92a2a' },
  { severity: 'high', color: '#e8590c' },
  { severity: 'medium', color: '#e67700' },
  { severity: 'low', color: '#1c7ed6' },
]
const Chart = lazy(async () => ({ default: (await import('../../ui/chart.tsx')).Chart }))

/** How many were open day by day, as lines or as a table. */
export function Trend({ scope }: { scope: Scope }) {
  const [filters, setFilters] = useFilters()
  const days = spans.includes(filters.days ?? '') ? (filters.days ?? '90') : '90'
  const isTable = filters.trend === 'table'
  const trend = useScoped(
    scope,
    { project: readFindingsTrend, instance: readInstanceFindingsTrend },
    { days: Number(days) },
    { keepsPrevious: true },
  )
  const controls = (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={text.trendDays}
        data={spans.map((value) => ({ value, label: securityText.days(Number(value)) }))}
        value={days}
        onChange={(value) => setFilters({ days: value === '90' ? undefined : value })}
      />
      <SegmentedControl
        size="xs"
        aria-label={text.trendView}
        data={[
          { value: 'chart', label: text.asChart },
          { value: 'table', label: text.asTable },
        ]}
        value={isTable ? 'table' : 'chart'}
        onChange={(value) => setFilters({ trend: value === 'table' ? value : undefined })}
      />
    </Group>
  )
  return (
    <Section title={text.trend} lead={text.trendLead} actions={controls}>
      <Show of={trend} skeleton={<Skeleton height={230} />}>
        {({ body }) =>
          body.days.length === 1 ? (
            // One day makes no line.
            <>
              <TrendTable days={body.days} />
              <Text size="sm" className="berth-quiet">
                {text.trendBegins}
              </Text>
            </>
          ) : isTable ? (
            <TrendTable days={body.days} />
          ) : (
            <TrendChart days={body.days} />
          )
        }
      </Show>
    </Section>
  )
}

function TrendChart({ days }: { days: readonly Day[] }) {
  const times = useMemo(() => days.map(({ day }) => Date.parse(day) / 1000), [days])
  const series = useMemo(
    () =>
      lines.map(({ severity, color }) => ({
        name: severityText[severity],
        color,
        values: days.map(({ counts }) => counts[severity]),
      })),
    [days],
  )
  const [first, last] = [days[0], days.at(-1)]
  const now = last
    ? text.trendNow(formatCount(last.counts.critical), formatCount(last.counts.high))
    : ''
  return (
    <Box className="berth-panel" p="sm" style={{ overflow: 'hidden' }}>
      <Suspense fallback={<Skeleton height={230} />}>
        <Chart
          times={times}
          series={series}
          format={formatCount}
          summary={text.trendSummary(first?.day ?? '', last?.day ?? '', now)}
        />
      </Suspense>
    </Box>
  )
}

const columns: readonly Column<Day>[] = [
  { id: 'day', title: securityText.columns.day, cell: ({ day }) => day },
  ...lines.map(({ severity }) => ({
    id: severity,
    title: severityText[severity],
    align: 'end' as const,
    cell: ({ counts }: Day) => formatCount(counts[severity]),
  })),
  {
    id: 'opened',
    title: securityText.columns.opened,
    align: 'end',
    cell: ({ opened }) => formatCount(opened),
  },
  {
    id: 'closed',
    title: securityText.columns.closed,
    align: 'end',
    cell: ({ closed }) => formatCount(closed),
  },
]

function TrendTable({ days }: { days: readonly Day[] }) {
  return (
    <DataTable
      label={text.trend}
      columns={columns}
      rows={days.toReversed()}
      rowKey={({ day }) => day}
      height="20rem"
      empty={null}
    />
  )
}
