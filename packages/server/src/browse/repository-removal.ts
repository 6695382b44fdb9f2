import { parseReference, type RepositoryName, type TagName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { linkedBlobs, manifestDigests, tagsToDelete } from '../metadata/repository-contents.ts'
import { findRepository } from '../metadata/repositories.ts'
import { requestReviews } from '../metadata/reviews.ts'
import type { Admission, Permit } from '../registry/admission.ts'
import type { Blobs } from '../registry/blobs.ts'
import type { Manifests } from '../registry/manifests.ts'
import { noRepository } from './repositories.ts'

/** How much one request deletes; a larger repository takes several. */
const manifestsMax = 2000
const blobsMax = 4000
const tagsAtOnce = 200

/**
 * Empties a repository. Every manifest and blob goes in a transaction of its own, with the caller's permission asked for
 * anew, so pushes to other repositories never wait and what a crash leaves can be deleted again.
 */
export class RepositoryRemoval {
  readonly #database: Database
  readonly #manifests: Manifests
  readonly #blobs: Blobs
  readonly #admission: Admission
  readonly #now: () => number

  constructor(parts: {
    database: Database
    manifests: Manifests
    blobs: Blobs
    admission: Admission
    now: () => number
  }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
    this.#admission = parts.admission
    this.#now = parts.now
  }

  /**
   * Deletes a bounded part; `isComplete` when nothing was left. Throws `notFound`, `denied`, and `tagImmutable` before
   * anything is deleted, unless the tag came only meanwhile.
   */
  async deleteRepository(
    name: RepositoryName,
    permit: Permit,
  ): Promise<{ manifestsDeleted: number; blobsDeleted: number; isComplete: boolean }> {
    const found = await this.#database.transaction((tx) => findRepository(tx, name))
    if (!found) throw noRepository()
    await this.#admitTags(name, permit)
    const manifests = await manifestDigests(this.#database.read, found.id, manifestsMax)
    let manifestsDeleted = 0
    for (const digest of manifests) {
      const reference = parseReference(digest)
      if (await deleted(() => this.#manifests.deleteManifest(name, reference, permit))) {
        manifestsDeleted += 1
      }
    }
    const blobs =
      manifests.length < manifestsMax
        ? await linkedBlobs(this.#database.read, found.id, blobsMax)
        : []
    let blobsDeleted = 0
    for (const digest of blobs) {
      if (await deleted(() => this.#blobs.deleteBlob(name, digest, permit))) blobsDeleted += 1
    }
    const isComplete = manifests.length < manifestsMax && blobs.length < blobsMax
    if (isComplete) await this.#requestRemoval(found.id)
    return { manifestsDeleted, blobsDeleted, isComplete }
  }

  /** Asks about every tag first, so that one immutable tag saves all of it. */
  async #admitTags(name: RepositoryName, permit: Permit): Promise<void> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after
      after = await this.#database.relaxedTransaction(async (tx) => {
        const repository = await findRepository(tx, name)
        if (!repository) return undefined
        await permit.require(tx, 'delete', name)
        const tags = await tagsToDelete(tx, repository.id, from, tagsAtOnce)
        if (tags.length > 0) await permit.require(tx, 'deleteTag', name)
        for (const tag of tags) {
          const change = { before: tag.digest, after: undefined }
          await this.#admission.admitTag(tx, repository, tag.name as TagName, change)
        }
        return tags.length < tagsAtOnce ? undefined : tags.at(-1)?.name
      })
    }
  }

  /** Without this the empty repository would stand in lists until the grace period is over. */
  #requestRemoval(repositoryId: number): Promise<void> {
    const dueAt = new Date(this.#now()).toISOString()
    return this.#database.transaction((tx) =>
      requestReviews(tx, [
        { subject: 'repository', repository_id: repositoryId, digest: '', due_at: dueAt },
      ]),
    )
  }
}

/** `false` when it was gone already, or is needed by what was pushed meanwhile. */
async function deleted(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    const gone = ['manifestUnknown', 'nameUnknown', 'blobUnknown', 'blobReferenced']
    if (error instanceof BerthError && gone.includes(error.kind)) return false
    throw error
  }
}
