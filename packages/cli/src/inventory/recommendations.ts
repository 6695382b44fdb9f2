import type { DatedRoot } from './ages.ts'
import type { BaseGroup, BaseVersion } from './base-versions.ts'
import type { ContentGraph } from './content-graph.ts'
import type { Duplicates } from './duplicates.ts'
import { type InventoryImage, imageName } from './images.ts'
import { freedBytes, joinPlans, type Plan, type Rebuilt } from './savings.ts'

/** Something to do, and the bytes that nothing would refer to any more afterwards. */
export type Recommendation = {
  readonly kind: 'base' | 'stale' | 'untagged' | 'repacked' | 'sameImage'
  /** One plain sentence without the figure. */
  readonly text: string
  readonly savesBytes: number
  /** What it is about, by name; at most 50. */
  readonly subjects: readonly string[]
  /** How many there are in all. */
  readonly subjectsTotal: number
}

export type Recommendations = {
  /** Those that save something, the most first. What they save overlaps, so it must not be added up. */
  readonly list: readonly Recommendation[]
  /** What all of them together save. */
  readonly togetherBytes: number
}

export type Findings = {
  readonly graph: ContentGraph
  readonly images: readonly InventoryImage[]
  readonly bases: readonly BaseGroup[]
  readonly duplicates: Duplicates
  readonly roots: readonly DatedRoot[]
  readonly stale: { readonly stale: readonly DatedRoot[]; readonly tellsPulls: boolean }
  readonly staleDays: number
}

type Proposal = Omit<Recommendation, 'savesBytes' | 'subjects' | 'subjectsTotal'> & {
  readonly plan: Plan
  readonly subjects: readonly string[]
}

const subjectsMax = 50

/** What to consolidate or to remove, each with what it saves by the graph of what refers to what. */
export function recommend(findings: Findings): Recommendations {
  const { graph } = findings
  const useful = proposals(findings)
    .map((proposal) => ({ proposal, savesBytes: freedBytes(graph, proposal.plan) }))
    .filter(({ savesBytes }) => savesBytes > 0)
  return {
    list: useful
      .map(({ proposal: { kind, text, subjects }, savesBytes }) => ({
        kind,
        text,
        savesBytes,
        subjects: subjects.slice(0, subjectsMax),
        subjectsTotal: subjects.length,
      }))
      .toSorted((a, b) => b.savesBytes - a.savesBytes || (a.text < b.text ? -1 : 1)),
    togetherBytes: freedBytes(graph, joinPlans(useful.map(({ proposal }) => proposal.plan))),
  }
}

function proposals(findings: Findings): readonly Proposal[] {
  return [
    ...baseProposals(findings),
    ...staleProposals(findings),
    ...sameImageProposals(findings),
    ...repackedProposals(findings),
  ]
}

function baseProposals({ graph, bases }: Findings): readonly Proposal[] {
  const rootsOf = rootsByManifest(graph)
  return bases.map(({ name, platforms }) => {
    const all = platforms.flatMap((versions) => versions.flatMap(({ images }) => images))
    const old = platforms.flatMap((versions) => versions.slice(1).flatMap((each) => each.bases))
    const removedRoots = rootsOfOnly(graph, rootsOf, old)
    const count = platforms.reduce((most, versions) => Math.max(most, versions.length), 0)
    const also =
      removedRoots.size === 0
        ? ''
        : ` and remove the ${removedRoots.size === 1 ? 'older base' : `${removedRoots.size} older bases`}`
    return {
      kind: 'base',
      text: `${plural(all.length, 'image is', 'images are')} built on ${count} different digests of ${name}; rebuild them on one${also}`,
      plan: { removedRoots, rebuilt: rebuildOnNewest(platforms) },
      subjects: all.map(imageName).toSorted(),
    }
  })
}

/** Everything that is on an older version gets the layers of the newest one in place of those. */
function rebuildOnNewest(
  platforms: readonly (readonly BaseVersion[])[],
): ReadonlyMap<number, Rebuilt> {
  const rebuilt = new Map<number, Rebuilt>()
  for (const [newest, ...older] of platforms) {
    if (newest === undefined) continue
    const target = newest.bases[0] ?? newest.images[0]
    const layers = new Set(target?.layers.slice(0, newest.depth).filter((blob) => blob >= 0))
    for (const { depth, images } of older) {
      for (const image of images) {
        const upper = new Set(image.layers.slice(depth))
        const lower = image.layers.slice(0, depth).filter((blob) => !upper.has(blob))
        rebuilt.set(image.manifest, { without: new Set(lower), with: layers })
      }
    }
  }
  return rebuilt
}

/** For each manifest the roots that lead to it. */
function rootsByManifest(graph: ContentGraph): ReadonlyMap<number, readonly number[]> {
  const rootsOf = new Map<number, number[]>()
  for (const root of graph.roots) {
    for (const manifest of manifestsOn(graph, root)) {
      const known = rootsOf.get(manifest)
      if (known === undefined) rootsOf.set(manifest, [root])
      else known.push(root)
    }
  }
  return rootsOf
}

/** Roots of these images that lead to no other image. */
function rootsOfOnly(
  graph: ContentGraph,
  rootsOf: ReadonlyMap<number, readonly number[]>,
  images: readonly InventoryImage[],
): ReadonlySet<number> {
  const meant = new Set(images.map(({ manifest }) => manifest))
  const roots = new Set(images.flatMap(({ manifest }) => rootsOf.get(manifest) ?? []))
  return new Set(
    [...roots].filter((root) =>
      [...manifestsOn(graph, root)].every(
        (manifest) => meant.has(manifest) || graph.manifests[manifest]?.facts.kind !== 'image',
      ),
    ),
  )
}

function manifestsOn(graph: ContentGraph, root: number): ReadonlySet<number> {
  const holdings = new Set([root])
  for (const at of holdings) for (const next of graph.holdings[at]?.next ?? []) holdings.add(next)
  return new Set([...holdings].map((at) => graph.holdings[at]?.manifest ?? -1))
}

function staleProposals({ roots, stale: { stale, tellsPulls }, staleDays }: Findings): Proposal[] {
  const untagged = roots.filter(({ tags }) => tags === 0)
  const tags = stale.reduce((sum, each) => sum + each.tags, 0)
  const pulls = tellsPulls
    ? 'and not pulled in that time'
    : 'as far as is known: the registry does not tell when they were last pulled'
  return [
    {
      kind: 'stale',
      text: `${plural(tags, 'tag is', 'tags are')} older than ${plural(staleDays, 'day', 'days')}, ${pulls}; remove what nobody needs`,
      plan: { removedRoots: new Set(stale.map(({ root }) => root)) },
      subjects: stale.map(({ name }) => name),
    },
    {
      kind: 'untagged',
      text: `${plural(untagged.length, 'manifest has', 'manifests have')} no tag; remove what is not pulled by digest`,
      plan: { removedRoots: new Set(untagged.map(({ root }) => root)) },
      subjects: untagged.map(({ name }) => name),
    },
  ]
}

/** Images with one configuration under several digests: all but one can be given up for that one. */
function sameImageProposals({ graph, images, roots: dated, stale }: Findings): readonly Proposal[] {
  const roots = new Set(graph.roots)
  // What goes for other reasons is not the one to keep.
  const going = new Set(
    [...stale.stale, ...dated.filter(({ tags }) => tags === 0)].map(({ root }) => root),
  )
  const goes = ({ manifest }: InventoryImage): number =>
    (graph.manifests[manifest]?.holdings ?? []).every((at) => going.has(at)) ? 1 : 0
  const groups = Map.groupBy(
    images.filter(({ facts, diffIds }) => facts.config !== undefined && diffIds.length > 0),
    ({ facts }) => facts.config?.digest ?? '',
  )
  return [...groups.values()].flatMap((group) => {
    const [kept, ...others] = group.toSorted((a, b) => goes(a) - goes(b) || a.size - b.size)
    const given = others.flatMap(({ manifest }) =>
      (graph.manifests[manifest]?.holdings ?? []).filter((at) => roots.has(at)),
    )
    if (kept === undefined || given.length === 0) return []
    return [
      {
        kind: 'sameImage' as const,
        text: `${plural(others.length, 'image differs', 'images differ')} from ${imageName(kept)} only in how ${others.length === 1 ? 'it is' : 'they are'} packed; keep one and tag it again`,
        plan: { removedRoots: new Set(given) },
        subjects: group.map(imageName).toSorted(),
      },
    ]
  })
}

function repackedProposals({ duplicates }: Findings): readonly Proposal[] {
  return duplicates.layers.map(({ repositories, layers }) => ({
    kind: 'repacked',
    text: `${listed(repositories)} ${repositories.length === 1 ? 'stores' : 'store'} ${plural(layers.length, 'layer', 'layers')} more than once, packed differently; build them with the same compression`,
    plan: {
      replaced: new Map(
        layers.flatMap(({ blobs: [kept = -1, ...others] }) =>
          others.map((blob) => [blob, kept] as const),
        ),
      ),
    },
    subjects: layers.map(({ diffId }) => diffId),
  }))
}

function listed(names: readonly string[]): string {
  if (names.length > 3) return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
  return names.length === 1
    ? String(names[0])
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** `1 tag is`, `2 tags are`. */
export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
