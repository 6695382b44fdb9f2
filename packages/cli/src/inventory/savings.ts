import { type ContentGraph, reach } from './content-graph.ts'

/** Something that could be done, as far as it changes what refers to what. Numbers are places in the lists of the graph. */
export type Plan = {
  /** Holdings without which everything that only they lead to goes away too. */
  readonly removedRoots?: ReadonlySet<number> | undefined
  /** Manifests that are made anew with other blobs in place of some of theirs. */
  readonly rebuilt?: ReadonlyMap<number, Rebuilt> | undefined
  /** Blobs that everybody replaces by another one with the same content. */
  readonly replaced?: ReadonlyMap<number, number> | undefined
}

export type Rebuilt = { readonly without: ReadonlySet<number>; readonly with: ReadonlySet<number> }

/**
 * Bytes that nothing would refer to any more, exactly: what is still needed by anybody stays counted. Walks the
 * holdings once when roots are removed, and otherwise only what the plan touches.
 */
export function freedBytes(graph: ContentGraph, plan: Plan): number {
  const { removedRoots = new Set<number>(), rebuilt = new Map<number, Rebuilt>() } = plan
  let freed = 0
  const change = new Map<number, number>()
  const add = (blob: number, by: number): void =>
    void change.set(blob, (change.get(blob) ?? 0) + by)
  const isDead = deadManifests(graph, removedRoots)
  for (const manifest of isDead) {
    const node = graph.manifests[manifest]
    freed += node?.facts.size ?? 0
    for (const blob of node?.blobs ?? []) add(blob, -1)
  }
  for (const [manifest, { without, with: added }] of rebuilt) {
    if (isDead.has(manifest)) continue
    const own = new Set(graph.manifests[manifest]?.blobs)
    for (const blob of without) if (own.has(blob) && !added.has(blob)) add(blob, -1)
    for (const blob of added) if (!own.has(blob)) add(blob, 1)
  }
  for (const [from, to] of plan.replaced ?? []) {
    const left = (graph.blobs[from]?.manifests.length ?? 0) + (change.get(from) ?? 0)
    if (left === 0) continue
    add(from, -left)
    add(to, left)
  }
  for (const [blob, by] of change) {
    const { size, manifests } = graph.blobs[blob] ?? { size: 0, manifests: [] }
    if (manifests.length + by === 0) freed += size
  }
  return freed
}

/** All plans at once. Of two that rebuild the same manifest the earlier one counts. */
export function joinPlans(plans: readonly Plan[]): Plan {
  const removedRoots = new Set<number>()
  const rebuilt = new Map<number, Rebuilt>()
  const replaced = new Map<number, number>()
  for (const plan of plans) {
    for (const root of plan.removedRoots ?? []) removedRoots.add(root)
    for (const [manifest, each] of plan.rebuilt ?? []) {
      if (!rebuilt.has(manifest)) rebuilt.set(manifest, each)
    }
    for (const [from, to] of plan.replaced ?? []) {
      if (!replaced.has(from) && !replaced.has(to)) replaced.set(from, to)
    }
  }
  return { removedRoots, rebuilt, replaced }
}

function deadManifests(graph: ContentGraph, removed: ReadonlySet<number>): ReadonlySet<number> {
  const dead = new Set<number>()
  if (removed.size === 0) return dead
  const kept = reach(
    graph.holdings,
    graph.roots.filter((root) => !removed.has(root)),
  )
  for (const [at, { manifest }] of graph.holdings.entries()) {
    if (kept[at] === 1 || dead.has(manifest)) continue
    const holders = graph.manifests[manifest]?.holdings ?? []
    if (holders.every((holding) => kept[holding] === 0)) dead.add(manifest)
  }
  return dead
}
