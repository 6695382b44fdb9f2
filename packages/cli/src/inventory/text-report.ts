import { formatBytes } from '../format.ts'
import { formatTable } from '../table.ts'
import { formatAmount, formatPercent } from './amounts.ts'
import type { Family } from './families.ts'
import { plural } from './recommendations.ts'
import { type InventoryReport, limited } from './report.ts'
import { wrapText } from './wrap-text.ts'

export type TextOptions = {
  /** Columns of the terminal; undefined in a pipe. */
  readonly columns: number | undefined
  readonly bold: (text: string) => string
}

const usualWidth = 80
const rowsMax = 10
const nestedMax = 2
const innerMax = 4

/** The report for a terminal: what there is, families, the largest repositories, variants, and what to do. */
export function formatReport(report: InventoryReport, { columns, bold }: TextOptions): string {
  const width = columns ?? usualWidth
  const section = (title: string, body: string): string[] =>
    body === '' ? [] : [`${bold(title)}\n${body}`]
  return [
    summary(report, width, bold),
    ...section('Families: images that share their lowest layers', families(report, width)),
    ...section('Repositories, the largest first', repositories(report, width)),
    ...section('GPU and CPU variants', variants(report, width)),
    ...section('What to do', recommendations(report, width)),
  ].join('\n\n')
}

function summary(
  { registry, isWhole, totals, platforms, cost, quotas, recommendedBytes }: InventoryReport,
  width: number,
  bold: TextOptions['bold'],
): string {
  const counts = [
    plural(totals.repositories, 'repository', 'repositories'),
    plural(totals.tags, 'tag', 'tags'),
    plural(totals.images, 'image', 'images'),
    ...(totals.indexes > 0 ? [plural(totals.indexes, 'index', 'indexes')] : []),
    ...(totals.artifacts > 0 ? [plural(totals.artifacts, 'artifact', 'artifacts')] : []),
    ...(totals.untagged === null ? [] : [`${totals.untagged} untagged`]),
  ].join(', ')
  const shared = totals.aloneBytes - totals.storedBytes
  const rows: (readonly [string, string])[] = [
    ['Stored', `${formatBytes(totals.storedBytes)} (${plural(totals.blobs, 'blob', 'blobs')})`],
    [
      'Shared',
      `${formatBytes(shared)} saved: alone they would take ${formatBytes(totals.aloneBytes)}`,
    ],
    ['To gain', `${formatBytes(recommendedBytes)} if all is done that is said below`],
  ]
  if (cost !== undefined) {
    const amount = (value: number): string => formatAmount(value, cost.currency)
    const once = cost.readOnce === undefined ? '' : `; reading all once: ${amount(cost.readOnce)}`
    rows.push([
      'Cost',
      `${amount(cost.perMonth)} a month, ${amount(cost.savedPerMonth)} of it to gain${once}`,
    ])
  }
  if (platforms.length > 0) {
    const listed = platforms.slice(0, 6).map(({ platform, images }) => `${platform} ${images}`)
    rows.push(['Platforms', [...listed, ...(platforms.length > 6 ? ['…'] : [])].join(', ')])
  }
  for (const { owner, usedBytes, limitBytes } of limited(quotas).slice(0, rowsMax)) {
    const part = formatPercent(usedBytes, limitBytes)
    rows.push([
      'Quota',
      `${owner}: ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}, ${part}`,
    ])
  }
  const lines = rows.map(([name, value]) => wrapText(`${name.padEnd(10)}${value}`, width, 10))
  if (!isWhole) {
    lines.push(
      wrapText(
        'Only a part of the registry was looked at: others may share what is called unique here, so less may be gained.',
        width,
      ),
    )
  }
  return [wrapText(`${bold(registry)}: ${counts}`, width, 2), ...lines].join('\n')
}

function families({ families: all }: InventoryReport, width: number): string {
  const shown = all.slice(0, rowsMax)
  if (shown.length === 0) return ''
  return withMore(
    formatTable(
      [
        { title: 'FAMILY', shrinks: true },
        { title: 'IMAGES', align: 'right' },
        { title: 'REPOS', align: 'right' },
        { title: 'LAYERS', align: 'right' },
        { title: 'SHARED', align: 'right' },
        { title: 'IN ALL', align: 'right' },
      ],
      shown.flatMap((family) => familyRows(family, 0)),
      width,
    ),
    all.length - shown.length,
  )
}

function familyRows(family: Family, level: number): readonly string[][] {
  const own = [
    `${'  '.repeat(level)}${familyName(family)}`,
    String(family.images),
    String(family.repositories),
    String(family.layers),
    formatBytes(family.chainBytes),
    formatBytes(family.totalBytes),
  ]
  if (level === nestedMax) return [own]
  // What lies within one repository is how that repository is built, and nobody else's matter.
  const inner = family.families.filter((each) => each.repositories > 1).slice(0, innerMax)
  return [own, ...inner.flatMap((each) => familyRows(each, level + 1))]
}

/** `python:3.12-slim`, with what comes on top of it. */
export function familyName({ name, distance }: Pick<Family, 'name' | 'distance'>): string {
  return distance > 0 ? `${name} +${plural(distance, 'layer', 'layers')}` : name
}

function repositories({ repositories: all, cost }: InventoryReport, width: number): string {
  const shown = all.slice(0, rowsMax)
  if (shown.length === 0) return ''
  return withMore(
    formatTable(
      [
        { title: 'REPOSITORY', shrinks: true },
        { title: 'TAGS', align: 'right' },
        { title: 'IMAGES', align: 'right' },
        { title: 'TOTAL', align: 'right' },
        { title: 'UNIQUE', align: 'right' },
        { title: 'SHARED', align: 'right' },
        ...(cost === undefined ? [] : [{ title: 'A MONTH', align: 'right' as const }]),
      ],
      shown.map((each) => [
        each.name,
        String(each.tags),
        String(each.images),
        formatBytes(each.totalBytes),
        formatBytes(each.uniqueBytes),
        formatBytes(each.sharedBytes),
        ...(cost === undefined ? [] : [formatAmount(each.cost ?? 0, cost.currency)]),
      ]),
      width,
    ),
    all.length - shown.length,
  )
}

function variants({ accelerators: { groups } }: InventoryReport, width: number): string {
  const shown = groups.slice(0, 5)
  if (shown.length === 0) return ''
  return withMore(
    formatTable(
      [
        { title: 'IMAGE', shrinks: true },
        { title: 'FOR' },
        { title: 'TOTAL', align: 'right' },
        { title: 'IN ALL VARIANTS', align: 'right' },
        { title: 'ONLY HERE', align: 'right' },
      ],
      shown.flatMap(({ variants: each }) =>
        each
          .slice(0, rowsMax)
          .map(({ image, accelerator, totalBytes, sharedBytes, ownBytes }) => [
            image,
            accelerator,
            formatBytes(totalBytes),
            formatBytes(sharedBytes),
            formatBytes(ownBytes),
          ]),
      ),
      width,
    ),
    groups.length - shown.length,
  )
}

function recommendations({ recommendations: all }: InventoryReport, width: number): string {
  const shown = all.slice(0, rowsMax)
  const lines = shown.map(({ savesBytes, text }) => {
    const body = wrapText(`${text}.`, width - 12).replaceAll('\n', `\n${' '.repeat(12)}`)
    return `${formatBytes(savesBytes).padStart(10)}  ${body}`
  })
  return withMore(lines.join('\n'), all.length - shown.length)
}

function withMore(body: string, more: number): string {
  return more <= 0 ? body : `${body}\nand ${more} more, which --json and --html show`
}
