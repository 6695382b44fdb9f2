import { html, type Markup } from './markup.ts'

export type Part = {
  readonly className: 'unique' | 'shared' | 'third'
  readonly name: string
  readonly value: number
}

export type Bar = {
  readonly name: string
  readonly about?: string | undefined
  /** From left to right. */
  readonly parts: readonly Part[]
  readonly amount: string
}

/** Bars below one another, each stacked of its parts, all to one scale. `describe` writes a value for people. */
export function stackedBars(
  bars: readonly Bar[],
  title: string,
  describe: (value: number) => string,
): Markup {
  const longest = bars.reduce((most, { parts }) => Math.max(most, total(parts)), 0)
  return html`<ul class="bars" aria-label="${title}">${bars.map(
    ({ name, about, parts, amount }) =>
      html`<li><span class="name">${name}${
        about === undefined ? '' : html`<span class="for">${about}</span>`
      }</span><span class="bar"><svg viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label="${parts
        .map((part) => `${part.name} ${describe(part.value)}`)
        .join(', ')}"><rect class="track" width="1000" height="16"/>${stack(parts, longest).map(
        ({ part, at, width }) =>
          html`<rect class="${part.className}" x="${at}" width="${width}" height="16"><title>${part.name}: ${describe(part.value)}</title></rect>`,
      )}</svg></span><span class="amount">${amount}</span></li>`,
  )}</ul>`
}

/** Explains the colours of bars. */
export function legend(parts: readonly Omit<Part, 'value'>[]): Markup {
  return html`<ul class="legend">${parts.map(
    ({ className, name }) =>
      html`<li><svg viewBox="0 0 11 11" aria-hidden="true"><rect class="${className}" width="11" height="11" rx="2"/></svg>${name}</li>`,
  )}</ul>`
}

export type ColumnBar = {
  readonly label: string
  readonly value: number
  readonly className: Part['className']
}

/** Columns beside one another, from the ground up; each of the colour that it is given. */
export function columnChart(columns: readonly ColumnBar[], title: string): Markup {
  const highest = columns.reduce((most, { value }) => Math.max(most, value), 0)
  return html`<ul class="columns" aria-label="${title}">${columns.map(
    ({ label, value, className }) => {
      const height = highest === 0 ? 0 : round((value / highest) * 100)
      return html`<li><span class="count">${value}</span><svg viewBox="0 0 40 100" preserveAspectRatio="none" aria-hidden="true"><rect class="track" y="99" width="40" height="1"/><rect class="${className}" y="${round(100 - height)}" width="40" height="${height}"/></svg><span class="label">${label}</span></li>`
    },
  )}</ul>`
}

export type Cell = {
  readonly name: string
  /** All that there is to say of it. */
  readonly title: string
  /** As wide as it is to be among its neighbours. */
  readonly weight: number
  readonly children: readonly Cell[]
}

const rowHeight = 26
const levelsMax = 6
/** Shares of the width, in percent, below which a name cannot be read in a cell: at all, and on a phone. */
const readable = { anywhere: 9, onPhones: 26 }

/** A tree as an icicle: each cell below its parent, as wide as its share of it. Names that do not fit are in the titles, and in the tree beside it. */
export function icicle(cells: readonly Cell[], title: string): Markup {
  const drawn: Markup[] = []
  const levels = draw(cells, { at: 0, width: 100, level: 0 }, drawn)
  return html`<div class="icicle"><svg height="${Math.max(1, levels) * rowHeight}" role="img" aria-label="${title}">${drawn}</svg></div>`
}

/** Percentages, and an inner picture for each cell: so the widths follow the page, and names are cut but not stretched. */
function draw(
  cells: readonly Cell[],
  { at, width, level }: { at: number; width: number; level: number },
  drawn: Markup[],
): number {
  if (level >= levelsMax) return level
  const sum = cells.reduce((all, { weight }) => all + weight, 0)
  let left = at
  let deepest = level
  for (const { name, title, weight, children } of cells) {
    const own = sum === 0 ? 0 : (weight / sum) * width
    const size = own < readable.onPhones ? 'narrow' : 'wide'
    const text = own < readable.anywhere ? '' : html`<text x="7" y="17">${name}</text>`
    drawn.push(
      html`<svg class="l${Math.min(level, 3)} ${size}" x="${round(left)}%" y="${level * rowHeight}" width="${round(own)}%" height="${rowHeight}"><title>${title}</title><rect width="100%" height="100%"/>${text}</svg>`,
    )
    const covered = children.reduce((all, child) => all + child.weight, 0)
    const inner = weight === 0 ? 0 : own * Math.min(1, covered / weight)
    deepest = Math.max(
      deepest,
      level + 1,
      draw(children, { at: left, width: inner, level: level + 1 }, drawn),
    )
    left += own
  }
  return deepest
}

function stack(
  parts: readonly Part[],
  longest: number,
): readonly { part: Part; at: number; width: number }[] {
  let at = 0
  return parts.flatMap((part) => {
    const width = longest === 0 ? 0 : (part.value / longest) * 1000
    const placed = { part, at: round(at), width: round(width) }
    at += width
    return width === 0 ? [] : [placed]
  })
}

function total(parts: readonly Part[]): number {
  return parts.reduce((sum, { value }) => sum + value, 0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
