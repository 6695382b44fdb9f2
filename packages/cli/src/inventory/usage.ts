import type { RepositoryName } from '@berth/oci/reference.ts'
import type { ContentGraph } from './content-graph.ts'

/** Bytes of one repository, manifests and blobs, each counted once. `totalBytes` is `uniqueBytes` and `sharedBytes` together. */
export type RepositoryUsage = {
  readonly name: RepositoryName
  /** What it would take if it were alone. */
  readonly totalBytes: number
  /** What no other repository refers to: gone with it. */
  readonly uniqueBytes: number
  /** What others refer to as well. */
  readonly sharedBytes: number
}

/** Shared and unique bytes of every repository, in the order of the graph. Looks at each reference twice. */
export function repositoryUsage(graph: ContentGraph): readonly RepositoryUsage[] {
  const manifestOwners = new Uint32Array(graph.manifests.length)
  const blobOwners = new Uint32Array(graph.blobs.length)
  forEachContent(graph, {
    manifest: (at) => void (manifestOwners[at] = (manifestOwners[at] ?? 0) + 1),
    blob: (at) => void (blobOwners[at] = (blobOwners[at] ?? 0) + 1),
  })
  const totals = graph.repositories.map((name) => ({ name, uniqueBytes: 0, sharedBytes: 0 }))
  const count = (repository: number, size: number, owners: number | undefined): void => {
    const total = totals[repository]
    if (total === undefined) return
    if (owners === 1) total.uniqueBytes += size
    else total.sharedBytes += size
  }
  forEachContent(graph, {
    manifest: (at, repository) =>
      count(repository, graph.manifests[at]?.facts.size ?? 0, manifestOwners[at]),
    blob: (at, repository) => count(repository, graph.blobs[at]?.size ?? 0, blobOwners[at]),
  })
  return totals.map((each) => ({ ...each, totalBytes: each.uniqueBytes + each.sharedBytes }))
}

type Visitor = {
  readonly manifest: (manifest: number, repository: number) => void
  readonly blob: (blob: number, repository: number) => void
}

/** Each manifest and each blob once per repository that holds it. */
function forEachContent(graph: ContentGraph, visit: Visitor): void {
  const seenIn = new Int32Array(graph.blobs.length).fill(-1)
  for (const { repository, manifest } of graph.holdings) {
    visit.manifest(manifest, repository)
    for (const blob of graph.manifests[manifest]?.blobs ?? []) {
      // Holdings come repository by repository, so the last one that saw it is enough to know.
      if (seenIn[blob] === repository) continue
      seenIn[blob] = repository
      visit.blob(blob, repository)
    }
  }
}
