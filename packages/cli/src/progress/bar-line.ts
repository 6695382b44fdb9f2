import stringWidth from 'string-width'
import { formatBytes } from '../format.ts'
import type { Styler } from './progress-view.ts'
import type { Transfer, Transfers } from './transfers.ts'

const gap = '  '
const barWidest = 40
const barNarrowest = 8
const labelNarrowest = 12
const bytesWidth = 16
const rateWidth = 12
const leftWidth = 7

/**
 * The lines that show the transfers on a terminal of so many columns and rows: one for each that runs, as far as there
 * is room, and one for all. No line fills the last column: some terminals begin a new line there.
 */
export function formatBars(
  transfers: Transfers,
  screen: { readonly columns: number; readonly rows: number },
  now: number,
  style: Styler,
): readonly string[] {
  const width = Math.max(10, screen.columns - 1)
  const all = [...transfers.running.values()]
  const shown = all.slice(0, Math.max(0, Math.min(all.length, screen.rows - 3)))
  const labelWidth = Math.min(
    Math.max(labelNarrowest, ...shown.map(({ label }) => stringWidth(label))),
    Math.max(labelNarrowest, Math.floor(width * 0.35)),
  )
  return [
    ...shown.map((each) => formatTransfer(each, { width, labelWidth }, now, style)),
    formatTotal(transfers, { width, hidden: all.length - shown.length }, now, style),
  ]
}

function formatTransfer(
  transfer: Transfer,
  { width, labelWidth }: { width: number; labelWidth: number },
  now: number,
  style: Styler,
): string {
  const { label, bytes, total } = transfer
  const rate = transfer.rate.perSecond(now)
  const figures = [
    formatDone(bytes, total).padStart(bytesWidth),
    (rate === undefined ? '' : `${formatBytes(Math.round(rate))}/s`).padStart(rateWidth),
    formatLeft(bytes, total, rate).padStart(leftWidth),
  ]
  const barWidth = Math.min(
    barWidest,
    width - labelWidth - gap.length * 4 - bytesWidth - rateWidth - leftWidth,
  )
  const name = pad(cutText(label, labelWidth), labelWidth)
  if (barWidth < barNarrowest) return cutText([name, ...figures].join(gap), width).trimEnd()
  return [name, formatBar(bytes, total, barWidth, style), ...figures].join(gap).trimEnd()
}

function formatTotal(
  transfers: Transfers,
  { width, hidden }: { width: number; hidden: number },
  now: number,
  style: Styler,
): string {
  const { bytes, total } = transfers.sums()
  const rate = transfers.rate.perSecond(now)
  const left = formatLeft(bytes, total, rate)
  const parts = [
    `${transfers.ended} of ${transfers.ended + transfers.running.size} done`,
    formatDone(bytes, total),
    ...(rate === undefined ? [] : [`${formatBytes(Math.round(rate))}/s`]),
    ...(left === '' ? [] : [`${left} left`]),
    ...(hidden > 0 ? [`${hidden} more not shown`] : []),
    transfers.summary(),
  ]
  return style('bold', cutText(parts.filter((part) => part !== '').join(gap), width))
}

function formatBar(bytes: number, total: number | undefined, width: number, style: Styler): string {
  const inner = width - 2
  if (total === undefined || total === 0) return `[${' '.repeat(inner)}]`
  const filled = Math.max(0, Math.min(inner, Math.floor((bytes / total) * inner)))
  const done = filled === inner ? '='.repeat(inner) : `${'='.repeat(filled)}>`
  return `[${style('green', done)}${' '.repeat(inner - done.length)}]`
}

/** `12.3/45.6 MiB`: the unit of the whole, said once. */
export function formatDone(bytes: number, total: number | undefined): string {
  if (total === undefined) return formatBytes(bytes)
  const whole = formatBytes(total)
  const [, unit = 'B'] = whole.split(' ')
  const power = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit)
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)}/${whole}`
}

/** `1:05`, `2:00:31`; nothing when it cannot be told. */
function formatLeft(bytes: number, total: number | undefined, rate: number | undefined): string {
  if (total === undefined || rate === undefined || rate < 1 || bytes >= total) return ''
  const seconds = Math.ceil((total - bytes) / rate)
  if (seconds >= 100 * 3600) return ''
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return seconds < 3600
    ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
}

/** Cut at the end to so many columns, wide characters counting two. */
export function cutText(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += stringWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}
