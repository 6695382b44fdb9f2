import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { ContentGraph } from './content-graph.ts'
import { type InventoryImage, imageName } from './images.ts'

/** One manifest under several names. It takes its bytes once, whatever the number of names. */
export type SameManifest = {
  readonly digest: Digest
  readonly repositories: readonly RepositoryName[]
  readonly tags: number
  readonly names: readonly string[]
}

/** Images that hold the same files under different digests. */
export type SameFiles = {
  /**
   * `config`: all is the same but how it is packed; `rootFileSystem`: the same layers with other settings;
   * `order`: the same layers, laid one upon the other in another order.
   */
  readonly alike: 'config' | 'rootFileSystem' | 'order'
  readonly images: readonly string[]
}

/** Layers with the same content that are stored more than once, packed differently, by the repositories they are in. */
export type RepackedLayers = {
  readonly repositories: readonly RepositoryName[]
  readonly layers: readonly RepackedLayer[]
  /** What is stored beyond the smallest blob of each layer. */
  readonly excessBytes: number
}

export type RepackedLayer = {
  readonly diffId: Digest
  /** Places of the blobs in the graph, the smallest first. */
  readonly blobs: readonly number[]
}

export type Duplicates = {
  readonly manifests: readonly SameManifest[]
  readonly images: readonly SameFiles[]
  readonly layers: readonly RepackedLayers[]
}

const namesMax = 10

/** What is there more than once, each list with the weightiest first. One pass over images and one over layers. */
export function findDuplicates(graph: ContentGraph, images: readonly InventoryImage[]): Duplicates {
  return {
    manifests: sameManifests(graph),
    images: sameFiles(images),
    layers: repackedLayers(graph, images),
  }
}

function sameManifests(graph: ContentGraph): readonly SameManifest[] {
  return graph.manifests
    .flatMap(({ facts, holdings }) => {
      const places = holdings.flatMap((at) => graph.holdings[at] ?? [])
      const tags = places.reduce((sum, place) => sum + place.tags.length, 0)
      const names = places.flatMap(({ repository, tags: own }) =>
        own.map((tag) => `${graph.repositories[repository]}:${tag}`),
      )
      if (tags < 2) return []
      return [
        {
          digest: facts.digest,
          repositories: places.flatMap(({ repository }) => graph.repositories[repository] ?? []),
          tags,
          names: names.toSorted().slice(0, namesMax),
        },
      ]
    })
    .toSorted((a, b) => b.tags - a.tags || (a.digest < b.digest ? -1 : 1))
}

function sameFiles(images: readonly InventoryImage[]): readonly SameFiles[] {
  const withChain = images.filter(({ diffIds }) => diffIds.length > 0)
  const configs = groups(withChain, ({ facts }) => facts.config?.digest ?? '')
  const chains = groups(withChain, ({ diffIds }) => diffIds.join(' '))
  const sets = groups(withChain, ({ diffIds }) => diffIds.toSorted().join(' '))
  const differ = (
    group: readonly InventoryImage[],
    key: (image: InventoryImage) => string,
  ): boolean => new Set(group.map(key)).size > 1
  return [
    ...configs.map((group) => named('config', group)),
    ...chains
      .filter((group) => differ(group, ({ facts }) => facts.config?.digest ?? ''))
      .map((group) => named('rootFileSystem', group)),
    ...sets
      .filter((group) => differ(group, ({ diffIds }) => diffIds.join(' ')))
      .map((group) => named('order', group)),
  ]
}

function named(alike: SameFiles['alike'], group: readonly InventoryImage[]): SameFiles {
  return { alike, images: group.map(imageName).toSorted() }
}

/** Those with the same key, where there are two or more. */
export function groups<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly (readonly T[])[] {
  return [...Map.groupBy(items, keyOf).values()].filter((group) => group.length > 1)
}

function repackedLayers(
  graph: ContentGraph,
  images: readonly InventoryImage[],
): readonly RepackedLayers[] {
  const byRepositories = new Map<
    string,
    { repositories: RepositoryName[]; layers: RepackedLayer[] }
  >()
  for (const layer of layersOfSeveralBlobs(graph, images)) {
    const repositories = [...repositoriesOf(graph, layer.blobs)].toSorted()
    const key = repositories.join(' ')
    const group = byRepositories.get(key) ?? { repositories, layers: [] }
    group.layers.push(layer)
    byRepositories.set(key, group)
  }
  return [...byRepositories.values()]
    .map((group) => ({ ...group, excessBytes: excess(graph, group.layers) }))
    .toSorted((a, b) => b.excessBytes - a.excessBytes)
}

function layersOfSeveralBlobs(
  graph: ContentGraph,
  images: readonly InventoryImage[],
): readonly RepackedLayer[] {
  // Nearly every layer has one blob, so a set is made for the others only.
  const blobsOf = new Map<Digest, number>()
  const severalOf = new Map<Digest, Set<number>>()
  const contentOf = new Map<number, Digest>()
  for (const { diffIds, layers } of images) {
    for (const [at, diffId] of diffIds.entries()) {
      const blob = layers[at] ?? -1
      // A blob holds one content. Of a configuration that says another, nothing is taken.
      if (blob < 0 || (contentOf.get(blob) ?? diffId) !== diffId) continue
      contentOf.set(blob, diffId)
      const first = blobsOf.get(diffId)
      if (first === undefined) blobsOf.set(diffId, blob)
      else if (first !== blob) {
        severalOf.set(diffId, (severalOf.get(diffId) ?? new Set([first])).add(blob))
      }
    }
  }
  const size = (blob: number): number => graph.blobs[blob]?.size ?? 0
  return [...severalOf].map(([diffId, blobs]) => ({
    diffId,
    blobs: [...blobs].toSorted((a, b) => size(a) - size(b)),
  }))
}

function repositoriesOf(
  graph: ContentGraph,
  blobs: readonly number[],
): ReadonlySet<RepositoryName> {
  const names = new Set<RepositoryName>()
  for (const blob of blobs) {
    for (const manifest of graph.blobs[blob]?.manifests ?? []) {
      for (const holding of graph.manifests[manifest]?.holdings ?? []) {
        const name = graph.repositories[graph.holdings[holding]?.repository ?? -1]
        if (name !== undefined) names.add(name)
      }
    }
  }
  return names
}

function excess(graph: ContentGraph, layers: readonly RepackedLayer[]): number {
  return layers
    .flatMap(({ blobs }) => blobs.slice(1))
    .reduce((sum, blob) => sum + (graph.blobs[blob]?.size ?? 0), 0)
}
