import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import { setImmediate as turn } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor } from '../metadata/database.ts'
import {
  blobsAmong,
  heldOutside,
  isReferencedBesides,
  manifestOf,
  referencesOf,
  targetOf,
} from '../metadata/holdings.ts'
import { referrerDigests } from '../metadata/referrers.ts'
import { findRepository } from '../metadata/repositories.ts'

/** Manifests that one answer follows, and what it reads of each. */
const manifestsMax = 500
const linksMax = 5000
const portion = 100

/** What would go, once collection is through, if something were deleted. */
export type Reclaimable = {
  /** Bytes of blobs that would leave the store. */
  readonly bytes: number
  readonly blobs: number
  /** Manifests that would go: the one itself, and what nothing else keeps. */
  readonly manifests: number
  readonly manifestBytes: number
  /** `false`: there is more than an answer looks at, and the sums are of a part. */
  readonly complete: boolean
}

/** Says what deleting a manifest or a tag would really free, by the rules that collection goes by. */
export class ReclaimableReports {
  readonly #database: Database
  readonly #untagged: Config['collection']['untagged']

  constructor(parts: { database: Database; untagged: Config['collection']['untagged'] }) {
    this.#database = parts.database
    this.#untagged = parts.untagged
  }

  /**
   * By digest: the manifest goes with all its tags. By tag: that tag goes, and the manifest only if it was the last and
   * the settings have untagged manifests collected. Throws `notFound`.
   */
  async reclaimable(name: RepositoryName, reference: Reference): Promise<Reclaimable> {
    const db = this.#database.read
    const repository = await findRepository(db, name)
    const digest =
      repository &&
      (reference.kind === 'tag'
        ? await targetOf(db, repository.id, reference.tag)
        : reference.digest)
    const manifest = digest && (await manifestOf(db, repository.id, digest))
    if (!manifest) throw new BerthError('notFound', 'There is no such manifest.')
    const fall = new Fall(db, repository.id)
    if (reference.kind === 'digest') await fall.remove(digest)
    else if (this.#untagged === 'collect' && manifest.tags === 1) await fall.tryRemove(digest, 1)
    return fall.sum()
  }
}

/** A manifest that goes, and what goes with it because nothing else in the repository keeps it. */
class Fall {
  readonly #db: Executor
  readonly #repositoryId: number
  readonly #removed = new Set<string>()
  readonly #mentioned = new Set<string>()
  #manifestBytes = 0
  #complete = true

  constructor(db: Executor, repositoryId: number) {
    this.#db = db
    this.#repositoryId = repositoryId
  }

  /** The manifest goes whatever keeps it. */
  async remove(first: string): Promise<void> {
    const waiting = [first]
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      if (digest !== first && !(await this.#isLost(digest, 0))) continue
      const manifest = await manifestOf(this.#db, this.#repositoryId, digest)
      if (!manifest) continue
      if (this.#removed.size >= manifestsMax) {
        this.#complete = false
        return
      }
      this.#removed.add(digest)
      this.#manifestBytes += manifest.size
      const references = await referencesOf(this.#db, this.#repositoryId, digest, linksMax)
      const referrers = await referrerDigests(this.#db, this.#repositoryId, digest, linksMax)
      if (references.length === linksMax || referrers.length === linksMax) this.#complete = false
      for (const mentioned of references) this.#mentioned.add(mentioned)
      for (const next of [...references, ...referrers]) {
        if (!this.#removed.has(next)) waiting.push(next)
      }
      await turn()
    }
  }

  /** The manifest goes if nothing but so many tags keeps it. */
  async tryRemove(digest: string, tags: number): Promise<void> {
    if (await this.#isLost(digest, tags)) await this.remove(digest)
  }

  async sum(): Promise<Reclaimable> {
    const mentioned = [...this.#mentioned].slice(0, linksMax)
    let bytes = 0
    let blobs = 0
    for (let start = 0; start < mentioned.length; start += portion) {
      const some = mentioned.slice(start, start + portion)
      const held = await blobsAmong(this.#db, this.#repositoryId, some)
      const elsewhere = await heldOutside(
        this.#db,
        held.map(({ digest }) => digest),
        { repositoryId: this.#repositoryId },
      )
      for (const { digest, size } of held) {
        if (elsewhere.has(digest) || (await this.#isNeeded(digest))) continue
        bytes += size
        blobs += 1
      }
      await turn()
    }
    return {
      bytes,
      blobs,
      manifests: this.#removed.size,
      manifestBytes: this.#manifestBytes,
      complete: this.#complete && mentioned.length === this.#mentioned.size,
    }
  }

  async #isLost(digest: string, tags: number): Promise<boolean> {
    const manifest = await manifestOf(this.#db, this.#repositoryId, digest)
    if (!manifest || manifest.tags > tags || (await this.#isNeeded(digest))) return false
    const { subject } = manifest
    if (subject === null || this.#removed.has(subject)) return true
    return (await manifestOf(this.#db, this.#repositoryId, subject)) === undefined
  }

  #isNeeded(digest: string): Promise<boolean> {
    return isReferencedBesides(this.#db, this.#repositoryId, digest, this.#removed)
  }
}
