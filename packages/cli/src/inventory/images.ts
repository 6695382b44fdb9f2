import type { Digest } from '@berth/oci/digest.ts'
import { formatPlatform } from '@berth/oci/platform.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import type { ContentGraph } from './content-graph.ts'
import type { ImageFacts, ManifestFacts } from './contents.ts'
import { plainText } from './plain-text.ts'

export type Place = {
  readonly repository: RepositoryName
  /** Its own tags and those of the indexes that it is in; none when it is held without any. */
  readonly tags: readonly TagName[]
}

/** A distinct image for one platform. `manifest` is its place in the graph. */
export type InventoryImage = {
  readonly manifest: number
  readonly digest: Digest
  /** Its own digest, and those of the indexes that it is in: what an annotation may call it by. */
  readonly digests: ReadonlySet<string>
  readonly facts: ManifestFacts
  readonly image: ImageFacts
  /** As in `linux/arm64`, shown as it is. */
  readonly platform: string
  readonly places: readonly Place[]
  /** Layers without compression, lowest first; empty when they do not fit the layers of the manifest. */
  readonly diffIds: readonly Digest[]
  /** The blob of each of `diffIds`; -1 for those that are fetched from elsewhere. */
  readonly layers: readonly number[]
  /** Bytes of the manifest and its blobs. */
  readonly size: number
}

/** Every distinct image that runs somewhere, with where it is. */
export function listImages(graph: ContentGraph): readonly InventoryImage[] {
  const tagsAbove = collectTags(graph)
  const indexes = collectIndexes(graph)
  const images: InventoryImage[] = []
  for (const [manifest, { facts, blobs, holdings }] of graph.manifests.entries()) {
    const { image } = facts
    if (facts.kind !== 'image' || image === undefined || holdings.length === 0) continue
    const fits = image.diffIds.length === facts.layers.length
    images.push({
      manifest,
      digest: facts.digest,
      digests: new Set([facts.digest, ...(indexes.get(facts.digest) ?? [])]),
      facts,
      image,
      platform: plainText(formatPlatform(platformOf(image)), 40),
      places: holdings.map((at) => ({
        repository: graph.repositories[graph.holdings[at]?.repository ?? -1] as RepositoryName,
        tags: [...(tagsAbove[at] ?? [])].toSorted(),
      })),
      diffIds: fits ? image.diffIds : [],
      layers: fits ? facts.layers.map(({ digest }) => graph.blobOf.get(digest) ?? -1) : [],
      size: blobs.reduce((sum, blob) => sum + (graph.blobs[blob]?.size ?? 0), facts.size),
    })
  }
  return images
}

/** How a person would call it: `team/api:1.2`, else the repository and the digest. */
export function imageName({ places, digest }: Pick<InventoryImage, 'places' | 'digest'>): string {
  const named = places.find(({ tags }) => tags.length > 0)
  if (named !== undefined) return `${named.repository}:${named.tags[0]}`
  return `${places[0]?.repository ?? ''}@${digest.slice(0, digest.indexOf(':') + 13)}`
}

function platformOf({
  os,
  architecture,
  variant,
}: ImageFacts): Parameters<typeof formatPlatform>[0] {
  return {
    ...(os !== undefined && { os }),
    ...(architecture !== undefined && { architecture }),
    ...(variant !== undefined && { variant }),
  }
}

function collectIndexes(graph: ContentGraph): ReadonlyMap<Digest, readonly Digest[]> {
  const indexes = new Map<Digest, Digest[]>()
  for (const { facts } of graph.manifests) {
    for (const { digest } of facts.children) {
      const known = indexes.get(digest)
      if (known === undefined) indexes.set(digest, [facts.digest])
      else known.push(facts.digest)
    }
  }
  return indexes
}

/** For each holding the tags on it and on what leads to it as an index. */
function collectTags(graph: ContentGraph): readonly ReadonlySet<TagName>[] {
  const tags = graph.holdings.map((holding) => new Set(holding.tags))
  for (const root of graph.roots) {
    const own = graph.holdings[root]?.tags ?? []
    if (own.length === 0) continue
    const seen = new Set([root])
    for (const at of seen) {
      for (const tag of own) tags[at]?.add(tag)
      for (const next of graph.holdings[at]?.next ?? []) seen.add(next)
    }
  }
  return tags
}
