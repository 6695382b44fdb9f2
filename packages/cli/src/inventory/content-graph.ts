import { type Digest, isDigest } from '@berth/oci/digest.ts'
import { isForeignLayer } from '@berth/oci/media-type.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import type { ManifestFacts, RegistryContents } from './contents.ts'

/** One repository holding one manifest. Numbers are places in the lists of the graph. */
export type Holding = {
  readonly repository: number
  readonly manifest: number
  readonly tags: readonly TagName[]
  /** Holdings that are kept as long as this one is: the children of an index, and what refers to it. */
  readonly next: number[]
}

export type ManifestNode = {
  readonly facts: ManifestFacts
  /** Each blob once, without those that are fetched from elsewhere. */
  readonly blobs: readonly number[]
  readonly holdings: number[]
}

export type BlobNode = {
  readonly digest: Digest
  readonly size: number
  /** Manifests that refer to it. */
  readonly manifests: number[]
}

/**
 * What refers to what in a registry: repositories hold manifests, manifests refer to manifests and to blobs. Made in
 * one pass over all references; every question is then answered by walking it.
 */
export type ContentGraph = {
  readonly repositories: readonly RepositoryName[]
  readonly manifests: readonly ManifestNode[]
  readonly blobs: readonly BlobNode[]
  readonly holdings: readonly Holding[]
  /** Holdings that stand by themselves: those with a tag, and those that nothing else in their repository leads to. */
  readonly roots: readonly number[]
  readonly manifestOf: ReadonlyMap<Digest, number>
  readonly blobOf: ReadonlyMap<Digest, number>
  /** Bytes of all manifests and blobs, each once. */
  readonly storedBytes: number
}

const companionTag = /^(sha256|sha512)-([0-9a-f]{64,128})(?:\.[a-z0-9.]+)?$/

export function buildContentGraph(
  contents: Pick<RegistryContents, 'repositories' | 'manifests'>,
): ContentGraph {
  const blobs: { digest: Digest; size: number; manifests: number[] }[] = []
  const blobOf = new Map<Digest, number>()
  const manifests: ManifestNode[] = []
  const manifestOf = new Map<Digest, number>()
  for (const facts of contents.manifests.values()) {
    const own = new Set<number>()
    for (const { digest, size, mediaType } of descriptorsOf(facts)) {
      if (isForeignLayer(mediaType)) continue
      let at = blobOf.get(digest)
      if (at === undefined) {
        at = blobs.length
        blobs.push({ digest, size, manifests: [] })
        blobOf.set(digest, at)
      }
      own.add(at)
    }
    for (const blob of own) blobs[blob]?.manifests.push(manifests.length)
    manifestOf.set(facts.digest, manifests.length)
    manifests.push({ facts, blobs: [...own], holdings: [] })
  }
  const holdings = buildHoldings(contents, manifests, manifestOf)
  return {
    repositories: contents.repositories.map(({ name }) => name),
    manifests,
    blobs,
    holdings,
    roots: findRoots(holdings),
    manifestOf,
    blobOf,
    storedBytes:
      blobs.reduce((sum, { size }) => sum + size, 0) +
      manifests.reduce((sum, { facts }) => sum + facts.size, 0),
  }
}

/** Marks everything that the given holdings lead to, themselves too. */
export function reach(
  holdings: readonly Holding[],
  from: Iterable<number>,
  reached: Uint8Array = new Uint8Array(holdings.length),
): Uint8Array {
  const waiting: number[] = []
  for (const start of from) {
    if (reached[start] === 1) continue
    reached[start] = 1
    waiting.push(start)
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const next of holdings[at]?.next ?? []) {
        if (reached[next] === 1) continue
        reached[next] = 1
        waiting.push(next)
      }
    }
  }
  return reached
}

function descriptorsOf({ config, layers }: ManifestFacts): ManifestFacts['layers'] {
  return config === undefined ? layers : [config, ...layers]
}

function buildHoldings(
  contents: Pick<RegistryContents, 'repositories'>,
  manifests: readonly ManifestNode[],
  manifestOf: ReadonlyMap<Digest, number>,
): readonly Holding[] {
  const holdings: Holding[] = []
  for (const [repository, { tags, manifests: held }] of contents.repositories.entries()) {
    const tagsOf = new Map<Digest, TagName[]>()
    for (const [tag, digest] of tags) tagsOf.set(digest, [...(tagsOf.get(digest) ?? []), tag])
    const here = new Map<Digest, number>()
    for (const digest of held) {
      const manifest = manifestOf.get(digest)
      if (manifest === undefined) continue
      manifests[manifest]?.holdings.push(holdings.length)
      here.set(digest, holdings.length)
      holdings.push({ repository, manifest, tags: tagsOf.get(digest) ?? [], next: [] })
    }
    for (const [digest, at] of here) {
      const facts = manifests[manifestOf.get(digest) ?? -1]?.facts
      for (const child of facts?.children ?? []) {
        const next = here.get(child.digest)
        if (next !== undefined) holdings[at]?.next.push(next)
      }
      const subjects = [facts?.subject, ...(tagsOf.get(digest) ?? []).map(companionOf)]
      for (const each of subjects) {
        const subject = each === undefined ? undefined : here.get(each)
        if (subject !== undefined) holdings[subject]?.next.push(at)
      }
    }
  }
  return holdings
}

/** Signatures and the like are tagged with the digest of what they belong to: `sha256-<hex>`, `sha256-<hex>.sig`. */
function companionOf(tag: TagName): Digest | undefined {
  const [, algorithm, hex] = companionTag.exec(tag) ?? []
  const digest = `${algorithm}:${hex}`
  return isDigest(digest) ? digest : undefined
}

function findRoots(holdings: readonly Holding[]): readonly number[] {
  const isLedTo = new Uint8Array(holdings.length)
  for (const { next } of holdings) for (const each of next) isLedTo[each] = 1
  const roots: number[] = []
  for (const [at, { tags }] of holdings.entries()) {
    const stands = tags.some((tag) => companionOf(tag) === undefined)
    if (stands || isLedTo[at] === 0) roots.push(at)
  }
  // An index that refers to its own child leads nowhere else: one of such a ring has to stand for all.
  const reached = reach(holdings, roots)
  for (const at of holdings.keys()) {
    if (reached[at] === 1) continue
    roots.push(at)
    reach(holdings, [at], reached)
  }
  return roots
}
