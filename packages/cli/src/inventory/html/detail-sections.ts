import { formatBytes } from '../../format.ts'
import type { SameFiles } from '../duplicates.ts'
import { plural } from '../recommendations.ts'
import type { InventoryReport } from '../report.ts'
import { columnChart, legend, stackedBars } from './charts.ts'
import { html, type Markup } from './markup.ts'
import { table, tableBehind } from './tables.ts'

const groupsMax = 15
const rowsMax = 200

const alikeText: Readonly<Record<SameFiles['alike'], string>> = {
  config: 'the same image, packed differently',
  rootFileSystem: 'the same layers with other settings',
  order: 'the same layers in another order',
}

/** How old things are, and which of them look forgotten. */
export function agesSection({ ages }: InventoryReport): Markup {
  const { buckets, staleDays, staleTags, tellsPulls, oldest } = ages
  const pulls = tellsPulls
    ? 'and were not pulled in that time'
    : 'and whether they are still pulled, the registry does not tell'
  return html`<p class="lead">${plural(staleTags, 'tag is', 'tags are')} older than ${plural(staleDays, 'day', 'days')}${staleTags === 0 ? '' : `, ${pulls}`}.</p>
${columnChart(
  buckets.map(({ label, upToDays, images }, at) => ({
    label: upToDays === null ? label : `< ${label}`,
    value: images,
    className: columnClass(buckets, at, staleDays),
  })),
  'Tagged and untagged images by age',
)}
${legend([
  { className: 'unique', name: 'younger' },
  { className: 'third', name: `older than ${plural(staleDays, 'day', 'days')}` },
])}
${tableBehind(
  'Images by age',
  [{ title: 'Age' }, { title: 'Images', isNumber: true }],
  buckets.map(({ label, upToDays, images }) => [
    upToDays === null ? label : `up to ${label}`,
    String(images),
  ]),
)}
${
  oldest.length === 0
    ? ''
    : tableBehind(
        `The oldest ${oldest.length}`,
        [
          { title: 'Image' },
          { title: 'Days', isNumber: true },
          { title: 'Pushed' },
          { title: 'Last pulled' },
        ],
        oldest.map(({ name, ageDays, pushedAt, lastPulledAt }) => [
          name,
          String(ageDays),
          pushedAt?.slice(0, 10) ?? 'unknown',
          lastPulledAt?.slice(0, 10) ?? (tellsPulls ? 'never' : 'unknown'),
        ]),
      )
}`
}

function columnClass(
  buckets: InventoryReport['ages']['buckets'],
  at: number,
  staleDays: number,
): 'unique' | 'shared' | 'third' {
  if (at === buckets.length - 1) return 'shared'
  const fromDays = at === 0 ? 0 : (buckets[at - 1]?.upToDays ?? Infinity)
  return fromDays >= staleDays ? 'third' : 'unique'
}

/** The same thing for a GPU and for a CPU, side by side. */
export function variantsSection({ accelerators: { images, groups } }: InventoryReport): Markup {
  const counted = Object.entries(images).filter(([, count]) => count > 0)
  const counts = counted.map(([name, count]) => `${name} ${count}`).join(', ')
  const parts = [
    { className: 'shared', name: 'in all variants' },
    { className: 'third', name: 'in some of them' },
    { className: 'unique', name: 'only here' },
  ] as const
  const shown = groups.slice(0, groupsMax)
  return html`<p class="lead">${counts === '' ? 'There are no images' : `Images: ${counts}`}.</p>
${shown.length === 0 ? html`<p>No two images were found that differ by their accelerator alone.</p>` : legend(parts)}
${shown.map(({ name, platform, variants, sharedLayers, sharedBytes, totalBytes }) => {
  const bars = variants.slice(0, 8).map((each) => ({
    name: each.image,
    about:
      each.toldBy === null ? each.accelerator : `${each.accelerator}, told by its ${each.toldBy}`,
    amount: formatBytes(each.totalBytes),
    parts: [
      { ...parts[0], value: each.sharedBytes },
      { ...parts[1], value: Math.max(0, each.totalBytes - each.sharedBytes - each.ownBytes) },
      { ...parts[2], value: each.ownBytes },
    ],
  }))
  return html`<h3>${name} (${platform})</h3>
<p class="note">${plural(sharedLayers, 'layer', 'layers')} and ${formatBytes(sharedBytes)} in common; ${formatBytes(totalBytes)} together.</p>
${stackedBars(bars, `Variants of ${name}`, formatBytes)}`
})}
${groups.length > shown.length ? html`<p class="note">The ${shown.length} largest of ${groups.length} groups.</p>` : ''}
${tableBehind(
  'Variants',
  [
    { title: 'Image' },
    { title: 'For' },
    ...['Total', 'In all variants', 'Only here'].map((title) => ({ title, isNumber: true })),
  ],
  shown
    .flatMap(({ variants }) => variants)
    .slice(0, rowsMax)
    .map(({ image, accelerator, totalBytes, sharedBytes, ownBytes }) => [
      image,
      accelerator,
      formatBytes(totalBytes),
      formatBytes(sharedBytes),
      formatBytes(ownBytes),
    ]),
)}`
}

/** What is there under several names, in several packings, or twice. */
export function duplicatesSection({ duplicates }: InventoryReport): Markup {
  const { manifests, images, layers } = duplicates
  if (manifests.length + images.length + layers.length === 0) {
    return html`<p>Nothing is kept more than once.</p>`
  }
  return html`${
    layers.length === 0
      ? ''
      : table(
          'Layers with the same content, packed differently',
          [
            { title: 'Repositories' },
            { title: 'Layers', isNumber: true },
            { title: 'Bytes too many', isNumber: true },
          ],
          layers
            .slice(0, rowsMax)
            .map((each) => [
              each.repositories.join(', '),
              String(each.layers),
              formatBytes(each.excessBytes),
            ]),
        )
  }
${
  images.length === 0
    ? ''
    : table(
        'Images with the same files under different digests',
        [{ title: 'Images' }, { title: 'What they have in common' }],
        images
          .slice(0, rowsMax)
          .map(({ alike, images: names }) => [names.slice(0, 10).join(', '), alikeText[alike]]),
      )
}
${
  manifests.length === 0
    ? ''
    : table(
        'One image under several names; it takes its bytes once',
        [
          { title: 'Names' },
          { title: 'Tags', isNumber: true },
          { title: 'Repositories', isNumber: true },
        ],
        manifests
          .slice(0, rowsMax)
          .map(({ names, tags, repositories }) => [
            `${names.join(', ')}${tags > names.length ? ', …' : ''}`,
            String(tags),
            String(new Set(repositories).size),
          ]),
      )
}`
}
