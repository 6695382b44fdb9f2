import { Box, useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

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
}: {
  times: readonly number[]
  series: readonly Series[]
  /** How a value is written at the axis. */
  format: (value: number) => string
  summary: string
  height?: number
}) {
  const holder = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  useEffect(() => {
    const element = holder.current
    if (!element) return
    const ink = scheme === 'dark' ? '#c1c9cf' : '#495057'
    const grid = { stroke: scheme === 'dark' ? '#2c3237' : '#e9ecef', width: 1 }
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { live: true },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] } },
        axes: [
          { stroke: ink, grid },
          {
            stroke: ink,
            grid,
            size: 64,
            values: (_, ticks) => ticks.map((value) => format(value)),
          },
        ],
        series: [
          {},
          ...series.map(({ name, color, isFilled }) => ({
            label: name,
            stroke: color,
            width: 2,
            value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
            ...(isFilled === true && { fill: `${color}26` }),
          })),
        ],
      },
      [[...times], ...series.map(({ values }) => [...values])],
      element,
    )
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [times, series, format, height, scheme])
  return (
    <Box>
      <div ref={holder} role="img" aria-label={summary} style={{ minHeight: height + 30 }} />
    </Box>
  )
}
