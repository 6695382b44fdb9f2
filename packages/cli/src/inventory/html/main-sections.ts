import { formatBytes } from '../../format.ts'
import { formatAmount, formatPercent } from '../amounts.ts'
import type { Family } from '../families.ts'
import { plural } from '../recommendations.ts'
import { type InventoryReport, limited } from '../report.ts'
import { familyName } from '../text-report.ts'
import { type Cell, icicle, legend, stackedBars } from './charts.ts'
import { html, type Markup } from './markup.ts'
import { tableBehind } from './tables.ts'

const barsMax = 25
const rowsMax = 1000
const familiesMax = 30
const quotasMax = 6
const childrenMax = 12
const nestingMax = 4

/** The figures at the top of the page. */
export function figures({ totals, cost, quotas, recommendedBytes }: InventoryReport): Markup {
  const shared = totals.aloneBytes - totals.storedBytes
  const shown: (readonly [string, string, string])[] = [
    [
      'Stored',
      formatBytes(totals.storedBytes),
      `${plural(totals.blobs, 'blob', 'blobs')}, ${plural(totals.manifests, 'manifest', 'manifests')}`,
    ],
    [
      'Saved by sharing',
      formatBytes(shared),
      `${formatBytes(totals.aloneBytes)} if nothing were shared`,
    ],
    [
      'To gain',
      formatBytes(recommendedBytes),
      `${formatPercent(recommendedBytes, totals.storedBytes)} of what is stored`,
    ],
    ['Repositories', String(totals.repositories), plural(totals.tags, 'tag', 'tags')],
    [
      'Images',
      String(totals.images),
      `${plural(totals.indexes, 'index', 'indexes')}, ${plural(totals.artifacts, 'artifact', 'artifacts')}${totals.untagged === null ? '' : `, ${totals.untagged} untagged`}`,
    ],
  ]
  if (cost !== undefined) {
    const once =
      cost.readOnce === undefined
        ? ''
        : `; ${formatAmount(cost.readOnce, cost.currency)} to read all once`
    shown.push([
      'Cost a month',
      formatAmount(cost.perMonth, cost.currency),
      `${formatAmount(cost.savedPerMonth, cost.currency)} to gain${once}`,
    ])
  }
  for (const { owner, usedBytes, limitBytes } of limited(quotas).slice(0, quotasMax)) {
    const part = formatPercent(usedBytes, limitBytes)
    shown.push([
      `Quota of ${owner}`,
      formatBytes(usedBytes),
      `${part} of ${formatBytes(limitBytes)}`,
    ])
  }
  return html`<dl class="figures">${shown.map(
    ([name, value, about]) =>
      html`<div><dt>${name}</dt><dd><span class="value">${value}</span> <span class="about">${about}</span></dd></div>`,
  )}</dl>`
}

/** What to do, with what it saves and what it is about. */
export function adviceSection({
  recommendations,
  recommendedBytes,
  cost,
}: InventoryReport): Markup {
  if (recommendations.length === 0) return html`<p>Nothing that would save anything was found.</p>`
  const money =
    cost === undefined ? '' : `, ${formatAmount(cost.savedPerMonth, cost.currency)} a month`
  return html`<p class="lead">All of it together saves ${formatBytes(recommendedBytes)}${money}.</p>
<ol class="advice">${recommendations.map(
    ({ savesBytes, text, subjects, subjectsTotal }) =>
      html`<li><span class="saves">${formatBytes(savesBytes)}</span><div>${text}.
<details><summary>What it is about (${subjectsTotal})</summary><ul class="names">${subjects.map((each) => html`<li>${each}</li>`)}${subjectsTotal > subjects.length ? html`<li>and ${subjectsTotal - subjects.length} more</li>` : ''}</ul></details></div></li>`,
  )}</ol>`
}

/** Bytes by repository: what goes with it, and what others hold as well. */
export function repositoriesSection({ repositories, cost }: InventoryReport): Markup {
  if (repositories.length === 0) return html`<p>There are no repositories.</p>`
  const unique = { className: 'unique', name: 'only here' } as const
  const shared = { className: 'shared', name: 'shared with others' } as const
  const bars = repositories
    .slice(0, barsMax)
    .map(({ name, totalBytes, uniqueBytes, sharedBytes }) => ({
      name,
      parts: [
        { ...unique, value: uniqueBytes },
        { ...shared, value: sharedBytes },
      ],
      amount: formatBytes(totalBytes),
    }))
  return html`${legend([unique, shared])}
${stackedBars(bars, 'Bytes by repository', formatBytes)}
${repositories.length > barsMax ? html`<p class="note">The ${barsMax} largest of ${repositories.length}.</p>` : ''}
${tableBehind(
  'Bytes by repository',
  [
    { title: 'Repository' },
    ...[
      'Tags',
      'Images',
      'Total',
      'Only here',
      'Shared',
      ...(cost === undefined ? [] : ['A month']),
    ].map((title) => ({ title, isNumber: true })),
  ],
  repositories
    .slice(0, rowsMax)
    .map((each) => [
      each.name,
      String(each.tags),
      String(each.images),
      formatBytes(each.totalBytes),
      formatBytes(each.uniqueBytes),
      formatBytes(each.sharedBytes),
      ...(cost === undefined ? [] : [formatAmount(each.cost ?? 0, cost.currency)]),
    ]),
)}`
}

/** Families as an icicle, and as a tree that tells what its cells are. */
export function familiesSection({ families, totals }: InventoryReport): Markup {
  if (families.length === 0) return html`<p>No two images share their lowest layers.</p>`
  const inFamilies = families.reduce((sum, { images }) => sum + images, 0)
  return html`<p class="lead">${inFamilies} of ${plural(totals.images, 'image', 'images')} share their lowest layers with another one. Each row of the chart is what shares more than the row above; the width is the number of images.</p>
${icicle(
  families.slice(0, familiesMax).map(cellOf),
  `Families by the number of their images: ${families
    .slice(0, 10)
    .map((each) => `${familyName(each)} ${each.images}`)
    .join(', ')}`,
)}
${tree(families.slice(0, familiesMax), 0)}
${families.length > familiesMax ? html`<p class="note">The ${familiesMax} largest of ${families.length}.</p>` : ''}`
}

function cellOf(family: Family): Cell {
  return {
    name: familyName(family),
    title: `${familyName(family)}: ${plural(family.images, 'image', 'images')}, ${formatBytes(family.totalBytes)}`,
    weight: family.images,
    children: family.families.map(cellOf),
  }
}

function tree(families: readonly Family[], level: number): Markup {
  return html`<ul${level === 0 ? html` class="tree"` : ''}>${families.map((family) => {
    const { images, repositories, layers, chainBytes, totalBytes, platforms, examples } = family
    const inner = level < nestingMax ? family.families.slice(0, childrenMax) : []
    return html`<li><span class="title">${familyName(family)}</span><span class="facts">${plural(images, 'image', 'images')} in ${plural(repositories, 'repository', 'repositories')}; ${plural(layers, 'layer', 'layers')} with ${formatBytes(chainBytes)} shared, ${formatBytes(totalBytes)} in all; ${platforms.join(', ')}</span><span class="facts">${examples.join(', ')}${images > examples.length ? ', …' : ''}</span>${branch(inner, level)}</li>`
  })}</ul>`
}

/** What is within a family is opened on demand below the first level: there may be much of it. */
function branch(inner: readonly Family[], level: number): Markup {
  if (inner.length === 0) return html``
  if (level > 0) return tree(inner, level + 1)
  return html`<details><summary>${plural(inner.length, 'family', 'families')} within it that ${inner.length === 1 ? 'shares' : 'share'} more</summary>${tree(inner, level + 1)}</details>`
}
