import { type ClientError, isClientError } from '@berth/client/client-error.ts'
import type { ImageDetails, KindApi } from '@berth/client/kinds/kind.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { isIndexMediaType } from '@berth/oci/media-type.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { ImageSummaries, type ImageSummary } from '../inspect/image-summary.ts'
import { mapLimited } from '../limited.ts'
import type { FindLock } from './locks.ts'
import { ordinaryTags, type PrunableImage, subjectOfTag } from './prunable-image.ts'

/** Requests under way at a time for reading. */
const readsAtOnce = 32

type Known = {
  readonly digest: Digest
  readonly tags: TagName[]
  readonly details: ImageDetails | undefined
  /** Read where the registry's own interface does not tell enough. */
  readonly summary: ImageSummary | undefined
}

/**
 * All that a repository holds, as far as it can be found out: by the registry's own interface in pages, else by the
 * protocol from its tags on. Everything is read once.
 */
export class RepositoryImages {
  readonly #repository: RemoteRepository
  readonly #summaries: ImageSummaries
  readonly #signal: AbortSignal
  readonly #known = new Map<Digest, Known>()
  #isListed = false
  #isListedWhole = false
  #refusal: ClientError | undefined

  constructor(repository: RemoteRepository, signal: AbortSignal) {
    this.#repository = repository
    this.#summaries = new ImageSummaries(repository, signal)
    this.#signal = signal
  }

  /** Why the registry's own interface was not used although there is one. */
  get refusal(): ClientError | undefined {
    return this.#refusal
  }

  /** Whether the registry's own list was used, which has manifests that no tag leads to. */
  get isListedByApi(): boolean {
    return this.#isListed
  }

  /** Whether the registry tells when an image was last pulled. */
  get tellsPulls(): boolean {
    return [...this.#known.values()].some(({ details }) => details?.lastPulledAt !== undefined)
  }

  /** Reads the repository. Throws `notFound` when there is no such repository. */
  async read(api: KindApi | undefined): Promise<void> {
    if (api?.listImages === undefined || !(await this.#readByApi(api.listImages.bind(api)))) {
      await this.#readByTags()
    }
    await this.#followAll()
  }

  /** Adds manifests that are known to be there although no tag leads to them, with what they lead to. */
  async addDigests(digests: readonly Digest[]): Promise<void> {
    await this.#followAll(digests)
  }

  /**
   * Adds the referrers of these images, and what is about those in turn. Nothing is asked for where the registry has
   * listed everything already. Returns how many were added.
   */
  async addReferrers(digests: readonly Digest[]): Promise<number> {
    if (this.#isListedWhole) return 0
    const before = this.#known.size
    let waiting = [...digests]
    while (waiting.length > 0) {
      const found = await mapLimited(waiting, readsAtOnce, async (digest) => {
        const referrers: Digest[] = []
        for await (const referrer of this.#repository.listReferrers(digest, this.#signal)) {
          if (!this.#known.has(referrer.digest)) referrers.push(referrer.digest)
        }
        return referrers
      })
      waiting = [...new Set(found.flat())]
      await this.#followAll(waiting)
    }
    return this.#known.size - before
  }

  /** What is known by now, with the ages of those for which `wantsAge` says yes. */
  async list(given: {
    findLock: FindLock
    wantsAge: (image: Pick<PrunableImage, 'tags' | 'lockedBy'>) => boolean
  }): Promise<readonly PrunableImage[]> {
    const followed = this.#followed()
    return mapLimited([...this.#known.values()], readsAtOnce, async (known) => {
      const { digest, tags } = known
      const lockedBy = given.findLock(this.#repository.address, known)
      // What hangs on another image goes by that one's age.
      const isAged =
        given.wantsAge({ tags, lockedBy }) &&
        !(ordinaryTags(known).length === 0 && followed.has(digest))
      return toPrunable(known, {
        lockedBy,
        created: isAged ? await this.#createdOf(known) : undefined,
      })
    })
  }

  /** Reads the manifests of all, or of these, whose size is not told, when there are at most `max` of them. */
  async addSizes(max: number, of?: ReadonlySet<Digest>): Promise<boolean> {
    const untold = [...this.#known.values()].filter(
      ({ digest, summary }) => summary === undefined && of?.has(digest) !== false,
    )
    if (untold.length > max) return false
    await mapLimited(untold, readsAtOnce, async (known) => {
      const summary = await this.#summaries.readDigest(known.digest)
      this.#known.set(known.digest, { ...known, summary })
    })
    return true
  }

  async #readByApi(list: NonNullable<KindApi['listImages']>): Promise<boolean> {
    try {
      let isWhole = true
      for await (const details of list(this.#repository.address.repository, this.#signal)) {
        const { digest, tags } = details
        this.#known.set(digest, { digest, tags: [...tags], details, summary: undefined })
        if (details.subject === undefined) isWhole = false
      }
      this.#isListed = true
      this.#isListedWhole = isWhole
      return true
    } catch (error) {
      if (!isClientError(error, 'denied', 'unauthenticated', 'unsupported', 'notFound')) throw error
      this.#refusal = error
      this.#known.clear()
      return false
    }
  }

  async #readByTags(): Promise<void> {
    const tags: TagName[] = []
    for await (const tag of this.#repository.listTags(this.#signal)) tags.push(tag)
    const read = await mapLimited(tags, readsAtOnce, async (tag) => ({
      tag,
      summary: await this.#summaries.read({ kind: 'tag', tag }),
    }))
    for (const { tag, summary } of read) {
      // Gone since it was listed.
      if (summary === undefined) continue
      const { digest } = summary
      const known = this.#known.get(digest)
      if (known === undefined)
        this.#known.set(digest, { digest, tags: [tag], details: undefined, summary })
      else known.tags.push(tag)
    }
  }

  /** Reads what has to be read, and goes on to children and subjects until nothing new turns up. */
  async #followAll(first: readonly Digest[] = [...this.#known.keys()]): Promise<void> {
    let waiting = first
    while (waiting.length > 0) {
      const found = await mapLimited(waiting, readsAtOnce, (digest) => this.#follow(digest))
      waiting = [...new Set(found.flat())].filter((digest) => !this.#known.has(digest))
    }
  }

  async #follow(digest: Digest): Promise<readonly Digest[]> {
    const known = this.#known.get(digest)
    const summary =
      known?.summary ??
      (isToldEnough(known?.details) ? undefined : await this.#summaries.readDigest(digest))
    // An index may list platforms that are not there.
    if (known === undefined && summary === undefined) return []
    const now: Known = {
      digest,
      tags: known?.tags ?? [],
      details: known?.details,
      summary,
    }
    this.#known.set(digest, now)
    // A registry that has listed everything has nothing more of which it did not tell.
    if (this.#isListedWhole) return []
    return [...childrenOf(now), ...subjectsOf(now)]
  }

  async #createdOf({ digest, details, summary }: Known): Promise<Date | undefined> {
    if (details?.pushedAt !== undefined) return undefined
    const read = summary ?? (await this.#summaries.readDigest(digest))
    return read === undefined ? undefined : this.#summaries.readCreated(read)
  }

  /** Everything that some other image leads to. */
  #followed(): ReadonlySet<Digest> {
    const followed = new Set<Digest>()
    for (const known of this.#known.values()) {
      for (const child of childrenOf(known)) followed.add(child)
      if (subjectsOf(known).some((subject) => this.#known.has(subject))) followed.add(known.digest)
    }
    return followed
  }
}

/** Whether an interface has told all that matters, so that the manifest need not be read. */
function isToldEnough(details: ImageDetails | undefined): boolean {
  return (
    details?.subject !== undefined &&
    details.mediaType !== undefined &&
    !isIndexMediaType(details.mediaType)
  )
}

function childrenOf({ summary }: Known): readonly Digest[] {
  return summary?.parsed.manifests.map(({ digest }) => digest) ?? []
}

function subjectsOf({ tags, details, summary }: Known): readonly Digest[] {
  const own = summary?.parsed.subject?.digest ?? details?.subject ?? undefined
  const named = tags.map((tag) => subjectOfTag(tag)).filter((each) => each !== undefined)
  return [...new Set(own === undefined ? named : [own, ...named])]
}

function toPrunable(
  known: Known,
  given: { lockedBy: string | undefined; created: Date | undefined },
): PrunableImage {
  const { digest, tags, details, summary } = known
  const mediaType = summary?.mediaType ?? details?.mediaType ?? ''
  const pushed = details?.pushedAt
  return {
    digest,
    tags,
    kind: isIndexMediaType(mediaType)
      ? 'index'
      : summary?.parsed.kind === 'opaque'
        ? 'other'
        : 'image',
    children: childrenOf(known),
    subjects: subjectsOf(known),
    age:
      pushed !== undefined
        ? { at: pushed, from: 'pushed' }
        : given.created === undefined
          ? undefined
          : { at: given.created, from: 'created' },
    lastPulledAt: details?.lastPulledAt,
    weights: summary?.weights,
    lockedBy: given.lockedBy,
  }
}
