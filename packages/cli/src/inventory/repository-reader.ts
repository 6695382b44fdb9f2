import { isClientError } from '@berth/client/client-error.ts'
import type { KindApi } from '@berth/client/kinds/kind.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import type { ManifestDates, RepositoryContents } from './contents.ts'
import { forEachOf, type Gate } from './gate.ts'
import type { ManifestReader } from './manifest-reader.ts'
import type { Problems } from './problems.ts'

export type RepositoryReaderOptions = {
  readonly api: KindApi | undefined
  readonly gate: Gate
  readonly manifests: ManifestReader
  readonly problems: Problems
  readonly signal: AbortSignal
}

type Listing = {
  readonly tags: Map<TagName, Digest>
  readonly digests: Set<Digest>
  readonly dates: Map<Digest, ManifestDates>
}

const tagsUnderWay = 64

/** Reads what one repository holds, by the registry's own listing where it has one, else tag by tag. */
export class RepositoryReader {
  readonly #options: RepositoryReaderOptions
  #hasUntagged = false

  constructor(options: RepositoryReaderOptions) {
    this.#options = options
  }

  /** Whether a listing that names untagged manifests was read. */
  get hasUntagged(): boolean {
    return this.#hasUntagged
  }

  /** Throws what the registry answers for the repository as a whole. */
  async read(repository: RemoteRepository): Promise<RepositoryContents> {
    const { tags, digests, dates } =
      (await this.#listByApi(repository)) ?? (await this.#listByTags(repository))
    const manifests = new Set<Digest>()
    await forEachOf(digests, tagsUnderWay, (digest) => this.#follow(repository, digest, manifests))
    for (const [tag, digest] of tags) if (!manifests.has(digest)) tags.delete(tag)
    return { name: repository.address.repository, tags, manifests, dates }
  }

  async #follow(
    repository: RemoteRepository,
    digest: Digest,
    manifests: Set<Digest>,
  ): Promise<void> {
    if (manifests.has(digest)) return
    const facts = await this.#options.manifests.read(repository, digest)
    if (facts === undefined) return
    manifests.add(digest)
    for (const child of facts.children) await this.#follow(repository, child.digest, manifests)
  }

  async #listByApi(repository: RemoteRepository): Promise<Listing | undefined> {
    const { api, problems, signal } = this.#options
    if (api?.listImages === undefined) return undefined
    const listing = emptyListing()
    try {
      for await (const each of api.listImages(repository.address.repository, signal)) {
        listing.digests.add(each.digest)
        for (const tag of each.tags) listing.tags.set(tag, each.digest)
        const { pushedAt, lastPulledAt } = each
        if (pushedAt !== undefined || lastPulledAt !== undefined) {
          listing.dates.set(each.digest, { pushedAt, lastPulledAt })
        }
      }
      this.#hasUntagged = true
      return listing
    } catch (error) {
      if (!isClientError(error, 'unauthenticated', 'denied', 'unsupported', 'serverFault'))
        throw error
      problems.add(`${repository.name} was read without dates and untagged images`, error)
      return undefined
    }
  }

  async #listByTags(repository: RemoteRepository): Promise<Listing> {
    const { gate, manifests, signal } = this.#options
    const listing = emptyListing()
    await forEachOf(repository.listTags(signal), tagsUnderWay, async (tag) => {
      if (manifests.isFull) return
      const found = await gate.run(() => repository.resolve({ kind: 'tag', tag }, signal))
      if (found === undefined) return
      listing.tags.set(tag, found.digest)
      listing.digests.add(found.digest)
    })
    return listing
  }
}

function emptyListing(): Listing {
  return { tags: new Map(), digests: new Set(), dates: new Map() }
}
