import type { readTraffic } from '@berth/api/traffic.ts'
import { SimpleGrid } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import type * as z from 'zod'
import { systemText as text } from '../../text/system.ts'
import { Section } from '../../ui/page.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { formatSpan } from '../../ui/units.ts'

export type Traffic = z.output<typeof readTraffic.answer>

const Chart = lazy(async () => ({ default: (await import('../../ui/chart.tsx')).Chart }))
const height = 200
/** Ten minutes, also when the process has just started. */
const bucketsShown = 119
const colors = {
  requests: '#1c7ed6',
  errors: '#e03131',
  p50: '#2f9e44',
  p95: '#e67700',
  p99: '#c2255c',
}

/** Requests, errors and latencies as lines; the last bucket, which is not full yet, is left out. */
export function TrafficCharts({ traffic }: { traffic: Traffic }) {
  const { times, rate, errors, p50, p95, p99 } = useMemo(() => seriesOf(traffic), [traffic])
  const now = rate.at(-1) ?? 0
  const spanSeconds = traffic.bucketSeconds * bucketsShown
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
      <Section title={text.requests} order={3}>
        <Suspense fallback={<Skeleton height={height} />}>
          <Chart
            times={times}
            height={height}
            spanSeconds={spanSeconds}
            format={(value) => value.toFixed(value < 10 ? 1 : 0)}
            summary={text.chartOfRequests(now.toFixed(1))}
            series={[
              { name: text.requests, color: colors.requests, values: rate, isFilled: true },
              { name: text.errors, color: colors.errors, values: errors },
            ]}
          />
        </Suspense>
      </Section>
      <Section title={text.latency} order={3}>
        <Suspense fallback={<Skeleton height={height} />}>
          <Chart
            times={times}
            height={height}
            spanSeconds={spanSeconds}
            format={(value) => formatSpan(value)}
            summary={text.chartOfLatency}
            series={[
              { name: text.p50, color: colors.p50, values: p50 },
              { name: text.p95, color: colors.p95, values: p95 },
              { name: text.p99, color: colors.p99, values: p99 },
            ]}
          />
        </Suspense>
      </Section>
    </SimpleGrid>
  )
}

/** Of all groups together: the rates add up, and of the latencies the slowest group counts. */
function seriesOf({ buckets, bucketSeconds }: Traffic) {
  const whole = buckets.slice(0, -1)
  const sum = (
    groups: Traffic['lastMinute'],
    of: (group: Traffic['lastMinute'][number]) => number,
  ) => groups.reduce((total, group) => total + of(group), 0) / bucketSeconds
  const most = (groups: Traffic['lastMinute'], name: 'p50' | 'p95' | 'p99') =>
    groups.length === 0 ? null : Math.max(...groups.map((group) => group[name]))
  return {
    times: whole.map(({ startedAt }) => Date.parse(startedAt) / 1000),
    rate: whole.map(({ groups }) => sum(groups, ({ requests }) => requests)),
    errors: whole.map(({ groups }) =>
      sum(groups, ({ clientErrors, serverErrors }) => clientErrors + serverErrors),
    ),
    p50: whole.map(({ groups }) => most(groups, 'p50')),
    p95: whole.map(({ groups }) => most(groups, 'p95')),
    p99: whole.map(({ groups }) => most(groups, 'p99')),
  }
}
