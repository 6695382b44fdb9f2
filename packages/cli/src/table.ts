import stringWidth from 'string-width'

export type Column = {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Whether it gives way, cut in the middle of its text, when the terminal is too narrow for all. */
  readonly shrinks?: boolean
  /** Left out when the terminal is too narrow, before anything is cut: the one with the highest number first. */
  readonly yields?: number
}

const gap = '  '
const narrowest = 8
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * Rows with their columns below one another, under a heading. With `width` (columns of the terminal) columns that yield
 * are left out and those that shrink are cut to fit; without it, as in a pipe, all is there. Widths are those on a terminal: wide characters count
 * two, styles none.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const titles = columns.map(({ title }) => title)
  const natural = columns.map((_, at) =>
    Math.max(...[titles, ...rows].map((row) => stringWidth(row[at] ?? ''))),
  )
  const shown = columnsShown(columns, natural, width)
  const widths = fit(
    shown.map(({ column }) => column),
    shown.map(({ at }) => natural[at] ?? 0),
    width,
  )
  return [titles, ...rows]
    .map((row) =>
      shown
        .map(({ column, at }, place) => {
          const wide = widths[place] ?? 0
          return pad(cut(row[at] ?? '', wide), wide, column)
        })
        .join(gap)
        .trimEnd(),
    )
    .join('\n')
}

function columnsShown(
  columns: readonly Column[],
  natural: readonly number[],
  width: number | undefined,
): readonly { column: Column; at: number }[] {
  let shown = columns.map((column, at) => ({ column, at }))
  const needed = (): number =>
    shown.reduce((sum, { at }) => sum + (natural[at] ?? 0), gap.length * (shown.length - 1))
  const max = width ?? Infinity
  while (needed() > max) {
    const first = Math.max(...shown.map(({ column }) => column.yields ?? 0))
    if (first === 0) break
    shown = shown.filter(({ column }) => column.yields !== first)
  }
  return shown
}

function fit(
  columns: readonly Column[],
  natural: readonly number[],
  width: number | undefined,
): readonly number[] {
  if (width === undefined) return natural
  const widths = [...natural]
  let excess =
    widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1) - width
  while (excess > 0) {
    const widest = widths.reduce(
      (best, each, at) =>
        columns[at]?.shrinks === true && each > narrowest && each > (widths[best] ?? 0) ? at : best,
      columns.findIndex((column, at) => column.shrinks === true && (widths[at] ?? 0) > narrowest),
    )
    if (widest === -1) break
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}

function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment)
  const head = Math.ceil((width - 1) / 2)
  const tail = width - 1 - head
  return `${characters.slice(0, head).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`
}

function pad(text: string, width: number, { align = 'left' }: Column): string {
  const missing = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'right' ? missing + text : text + missing
}
