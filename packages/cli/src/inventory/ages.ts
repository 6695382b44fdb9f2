import type { ManifestDates, ManifestFacts, RegistryContents } from './contents.ts'
import type { ContentGraph } from './content-graph.ts'

/** A tagged or untagged manifest that stands by itself, with what is known of its time. `root` is its holding in the graph. */
export type DatedRoot = {
  readonly root: number
  readonly name: string
  readonly tags: number
  readonly created: Date | undefined
  readonly pushedAt: Date | undefined
  readonly lastPulledAt: Date | undefined
  /** Days since it was pushed, else since it was made; undefined when nobody knows. */
  readonly ageDays: number | undefined
}

export type AgeBucket = {
  readonly label: string
  /** Up to so many days; null for the last one and for those of unknown age. */
  readonly upToDays: number | null
  readonly images: number
}

export type StaleOptions = { readonly now: Date; readonly staleDays: number }

const day = 86_400_000
/** Before there were images, `created` is a constant that makes builds repeatable. */
const firstImage = Date.UTC(2013, 2, 1)
const limits: readonly (readonly [label: string, upToDays: number])[] = [
  ['1 week', 7],
  ['1 month', 30],
  ['3 months', 91],
  ['6 months', 182],
  ['1 year', 365],
  ['2 years', 730],
]

/** Every root with its dates. */
export function dateRoots(
  graph: ContentGraph,
  contents: Pick<RegistryContents, 'repositories'>,
  now: Date,
): readonly DatedRoot[] {
  return graph.roots.flatMap((root) => {
    const holding = graph.holdings[root]
    const facts = graph.manifests[holding?.manifest ?? -1]?.facts
    const repository = contents.repositories[holding?.repository ?? -1]
    if (holding === undefined || facts === undefined || repository === undefined) return []
    const dates: Partial<ManifestDates> = repository.dates.get(facts.digest) ?? {}
    const created = createdOf(graph, root)
    const since = dates.pushedAt ?? created
    const [tag] = holding.tags
    return [
      {
        root,
        name: `${repository.name}${tag === undefined ? `@${facts.digest.slice(0, 19)}` : `:${tag}`}`,
        tags: holding.tags.length,
        created,
        pushedAt: dates.pushedAt,
        lastPulledAt: dates.lastPulledAt,
        ageDays:
          since === undefined ? undefined : Math.max(0, (now.getTime() - since.getTime()) / day),
      },
    ]
  })
}

/** How many of the roots are of what age, the youngest first. */
export function ageBuckets(roots: readonly DatedRoot[]): readonly AgeBucket[] {
  const counts = limits.map(() => 0)
  let older = 0
  let unknown = 0
  for (const { ageDays } of roots) {
    if (ageDays === undefined) unknown += 1
    else {
      const at = limits.findIndex(([, upTo]) => ageDays <= upTo)
      if (at === -1) older += 1
      else counts[at] = (counts[at] ?? 0) + 1
    }
  }
  return [
    ...limits.map(([label, upToDays], at) => ({ label, upToDays, images: counts[at] ?? 0 })),
    { label: 'older', upToDays: null, images: older },
    { label: 'unknown', upToDays: null, images: unknown },
  ]
}

/**
 * The tagged ones that are older than `staleDays` and were not pulled since, as far as the registry tells. Whether it
 * tells of pulls at all is seen from any that it tells of.
 */
export function staleRoots(
  roots: readonly DatedRoot[],
  { now, staleDays }: StaleOptions,
): { readonly stale: readonly DatedRoot[]; readonly tellsPulls: boolean } {
  const limit = now.getTime() - staleDays * day
  return {
    tellsPulls: roots.some(({ lastPulledAt }) => lastPulledAt !== undefined),
    stale: roots.filter(
      ({ tags, ageDays, lastPulledAt }) =>
        tags > 0 &&
        ageDays !== undefined &&
        ageDays > staleDays &&
        (lastPulledAt === undefined || lastPulledAt.getTime() < limit),
    ),
  }
}

/** When the newest image that the root leads to was made. */
function createdOf(graph: ContentGraph, root: number): Date | undefined {
  let newest: Date | undefined
  const seen = new Set([root])
  for (const at of seen) {
    const facts = graph.manifests[graph.holdings[at]?.manifest ?? -1]?.facts
    const created = facts?.image?.created ?? annotatedDate(facts)
    if (
      created !== undefined &&
      created.getTime() >= firstImage &&
      (newest ?? created) <= created
    ) {
      newest = created
    }
    for (const next of graph.holdings[at]?.next ?? []) seen.add(next)
  }
  return newest
}

function annotatedDate(facts: ManifestFacts | undefined): Date | undefined {
  const time = Date.parse(facts?.annotations['org.opencontainers.image.created'] ?? '')
  return Number.isNaN(time) ? undefined : new Date(time)
}
