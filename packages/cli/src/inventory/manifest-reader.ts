import { isClientError } from '@berth/client/client-error.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { ManifestFacts } from './contents.ts'
import type { Gate } from './gate.ts'
import type { ManifestCache } from './manifest-cache.ts'
import type { Problems } from './problems.ts'
import { readManifestFacts } from './read-manifest.ts'

export type ManifestReaderOptions = {
  readonly gate: Gate
  readonly cache: ManifestCache | undefined
  readonly imagesMax: number
  readonly signal: AbortSignal
  readonly problems: Problems
  readonly progress: { manifests: number }
}

/** Reads manifests of one registry, each distinct one once, whatever asks for it and from which repository. */
export class ManifestReader {
  readonly #options: ManifestReaderOptions
  readonly #known = new Map<Digest, ManifestFacts>()
  readonly #underWay = new Map<Digest, Promise<ManifestFacts | undefined>>()
  #started = 0
  #isFull = false

  constructor(options: ManifestReaderOptions) {
    this.#options = options
  }

  get known(): ReadonlyMap<Digest, ManifestFacts> {
    return this.#known
  }

  /** Whether something was left out because there is too much. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** What the digest stands for; `undefined` when it is not there, cannot be read, or is too much. */
  async read(repository: RemoteRepository, digest: Digest): Promise<ManifestFacts | undefined> {
    const known = this.#known.get(digest) ?? (await this.#underWay.get(digest))
    if (known !== undefined) return known
    if (this.#started >= this.#options.imagesMax) {
      this.#isFull = true
      return undefined
    }
    this.#started += 1
    const reading = this.#fetch(repository, digest)
    this.#underWay.set(digest, reading)
    try {
      return await reading
    } finally {
      this.#underWay.delete(digest)
    }
  }

  async #fetch(repository: RemoteRepository, digest: Digest): Promise<ManifestFacts | undefined> {
    const { gate, cache, signal, problems, progress } = this.#options
    try {
      const facts = await gate.run(() => readManifestFacts(repository, digest, cache, signal))
      this.#known.set(digest, facts)
      progress.manifests += 1
      return facts
    } catch (error) {
      // An index may name platforms that were never copied; another repository may hold them.
      this.#started -= 1
      if (isClientError(error, 'notFound')) return undefined
      if (!isClientError(error, 'serverFault', 'digestMismatch', 'denied', 'unsupported'))
        throw error
      problems.add(`${repository.name}@${digest} was left out`, error)
      return undefined
    }
  }
}
