import { Box, useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { uiText } from '../text/ui.ts'
import { formatMoment, formatTick } from './units.ts'

export type Series = {
  readonly name: string
  readonly color: string
  /** As long as `times`; `null` where there is none. */
  readonly values: readonly (number | null)[]
  readonly isFilled?: boolean
}

/**
 * Lines over time. `times` are seconds since 1970, ascending. What it shows is said in `summary` for whoever does not see it.
 */
export function Chart({
  times,
  series,
  format,
  summary,
  height = 200,
  spanSeconds,
}: {
  times: readonly number[]
  series: readonly Series[]
  /** How a value is written at the axis. */
  format: (value: number) => string
  summary: string
  height?: number
  /** Seconds that it always shows, up to the last of `times`. Default: as far as `times` go. */
  spanSeconds?: number
}) {
  const holder = useRef<HTMLDivElement>(null)
  const plotted = useRef<uPlot>(undefined)
  const latest = useRef({ times, series, format, spanSeconds })
  latest.current = { times, series, format, spanSeconds }
  const scheme = useComputedColorScheme('light')
  const look = series.map(({ name, color, isFilled }) => `${name} ${color} ${isFilled}`).join()
  useEffect(() => {
    const element = holder.current
    if (!element) return
    const ink = scheme === 'dark' ? '#c1c9cf' : '#495057'
    const grid = { stroke: scheme === 'dark' ? '#2c3237' : '#e9ecef', width: 1 }
    const write = (value: number) => latest.current.format(value)
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { live: true },
        cursor: { drag: { x: false, y: false } },
        scales: {
          x: { range: (_, min, max) => rangeOf(min, max, latest.current.spanSeconds) },
          y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] },
        },
        axes: [
          {
            stroke: ink,
            grid,
            space: 64,
            values: (_, ticks, __, ___, step) => ticks.map((at) => formatTick(at * 1000, step)),
          },
          { stroke: ink, grid, size: 64, values: (_, ticks) => ticks.map((tick) => write(tick)) },
        ],
        series: [
          {
            label: uiText.time,
            value: (_, at: number | null) =>
              at === null ? '–' : formatMoment(new Date(at * 1000).toISOString()),
          },
          ...latest.current.series.map(({ name, color, isFilled }) => ({
            label: name,
            stroke: color,
            width: 2,
            value: (_: uPlot, value: number | null) => (value === null ? '–' : write(value)),
            ...(isFilled === true && { fill: `${color}26` }),
          })),
        ],
      },
      dataOf(latest.current),
      element,
    )
    plotted.current = plot
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [look, height, scheme])
  // Newer values go into the same plot, so that what is read at the pointer stays.
  useEffect(() => plotted.current?.setData(dataOf({ times, series })), [times, series])
  return (
    <Box>
      <div ref={holder} role="img" aria-label={summary} style={{ minHeight: height + 30 }} />
    </Box>
  )
}

/** One moment alone has no width of its own, and a plot of nothing none at all. */
function rangeOf(min: number | null, max: number | null, span = 0): [number, number] {
  const last = max ?? Date.now() / 1000
  return [Math.min(min ?? last, last - Math.max(span, 1)), last]
}

function dataOf({
  times,
  series,
}: {
  times: readonly number[]
  series: readonly Series[]
}): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])]
}
