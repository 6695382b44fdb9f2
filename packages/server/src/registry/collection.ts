import { setTimeout as wait } from 'node:timers/promises'
import type { RequestContext } from '../actor.ts'
import { holdAccessEpoch } from '../metadata/access-epoch.ts'
import { deleteBlob, isLinked, lockBlob, lockLink, unlinkBlob } from '../metadata/blobs.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { findRepositoryById, removeEmptyRepository } from '../metadata/repositories.ts'
import { type Review, dueReviews, requestReviews, takeReview } from '../metadata/reviews.ts'
import { addTrash, dueTrash, postponeTrash, removeTrash } from '../metadata/trash.ts'
import { expiredUploads } from '../metadata/uploads.ts'
import { isReferenced } from '../metadata/manifests.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { parseStorageKey } from '../storage/storage-key.ts'
import type { Admission } from './admission.ts'
import type { Grace } from './grace.ts'
import type { HotBlobs } from './hot-blobs.ts'
import { isManifestLive } from './manifest-life.ts'
import type { Manifests } from './manifests.ts'
import type { Uploads } from './uploads.ts'

/** What one run did. Bytes are those of removed objects. */
export type CollectionSummary = {
  reviewed: number
  manifestsRemoved: number
  linksRemoved: number
  blobsRemoved: number
  repositoriesRemoved: number
  uploadsExpired: number
  objectsRemoved: number
  /** Objects that the store refused to remove; they are tried again in an hour. */
  objectsLeft: number
  bytesFreed: number
}

/** Small, so that the single writer of SQLite is never held for more than a few milliseconds. */
const reviewsPerTransaction = 8
const trashPerTurn = 32
const uploadsPerTurn = 50

/** Whom the books name for what collection removes. */
const context: RequestContext = {
  actor: { kind: 'system', id: 'collection', name: 'collection' },
  address: '',
  requestId: '',
}

/**
 * Online collection: takes reviews as they fall due, drops what nothing refers to, and removes objects that the
 * database has let go of. It works in small steps, so pushes and pulls go on beside it, and every step may be the last:
 * what a crash leaves is found again in the same queue.
 */
export class Collection {
  readonly #database: Database
  readonly #storage: StorageDriver
  readonly #manifests: Manifests
  readonly #uploads: Uploads
  readonly #hot: HotBlobs
  readonly #grace: Grace
  readonly #admission: Admission

  constructor(parts: {
    database: Database
    storage: StorageDriver
    manifests: Manifests
    uploads: Uploads
    hot: HotBlobs
    grace: Grace
    admission: Admission
  }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#manifests = parts.manifests
    this.#uploads = parts.uploads
    this.#hot = parts.hot
    this.#grace = parts.grace
    this.#admission = parts.admission
  }

  /**
   * Does all that is due now. `restFactor` is how long it rests for each millisecond of work, to leave the machine
   * to those who push and pull; 0 does not rest. Stops early, between two steps, when `signal` says so.
   */
  async run(options: { restFactor: number; signal?: AbortSignal }): Promise<CollectionSummary> {
    const summary: CollectionSummary = {
      reviewed: 0,
      manifestsRemoved: 0,
      linksRemoved: 0,
      blobsRemoved: 0,
      repositoriesRemoved: 0,
      uploadsExpired: 0,
      objectsRemoved: 0,
      objectsLeft: 0,
      bytesFreed: 0,
    }
    for (const step of [this.#expireUploads, this.#reviewDue, this.#emptyTrash]) {
      for (;;) {
        if (options.signal?.aborted) return summary
        const started = performance.now()
        const more = await step.call(this, summary)
        if (!more) break
        // At least a turn of the event loop, so that requests come first.
        await wait((performance.now() - started) * options.restFactor)
      }
    }
    return summary
  }

  async #expireUploads(summary: CollectionSummary): Promise<boolean> {
    const sessions = await expiredUploads(this.#database.read, this.#grace.now(), uploadsPerTurn)
    let ended = 0
    for (const session of sessions) {
      if (await this.#uploads.expireUpload(session)) ended += 1
    }
    summary.uploadsExpired += ended
    return ended > 0 && sessions.length === uploadsPerTurn
  }

  async #reviewDue(summary: CollectionSummary): Promise<boolean> {
    const due = await dueReviews(this.#database.read, this.#grace.now(), reviewsPerTransaction)
    if (due.length === 0) return false
    if (await this.#review(due, summary)) return true
    // A push held something that one of them needs: go one by one, and leave that one for the next run.
    let reviewed = false
    for (const review of due) reviewed = (await this.#review([review], summary)) || reviewed
    return reviewed
  }

  /** Judges these in one transaction; `false`, and nothing done, when it had to give way to a push. */
  async #review(reviews: readonly Review[], summary: CollectionSummary): Promise<boolean> {
    // Counted apart and added after the commit, since a transaction may be run again.
    const counts = await this.#database.yieldingTransaction(async (tx) => {
      // As for a push: the project of a repository stays what it is while something is taken from it.
      await holdAccessEpoch(tx)
      const removed = { manifest: 0, link: 0, blob: 0, repository: 0 }
      for (const review of reviews) {
        // Renewed or taken meanwhile: then it is not ours to judge.
        if (!(await takeReview(tx, review))) continue
        if (await this.#judge(tx, review)) removed[review.subject] += 1
      }
      return removed
    })
    if (!counts) return false
    summary.reviewed += reviews.length
    summary.manifestsRemoved += counts.manifest
    summary.linksRemoved += counts.link
    summary.blobsRemoved += counts.blob
    summary.repositoriesRemoved += counts.repository
    return true
  }

  /** Removes the subject of a review if nothing needs it; `true` when it did. */
  #judge(tx: Transaction, review: Review): Promise<boolean> {
    switch (review.subject) {
      case 'manifest':
        return this.#judgeManifest(tx, review)
      case 'link':
        return this.#judgeLink(tx, review)
      case 'blob':
        return this.#judgeBlob(tx, review)
      case 'repository':
        return this.#judgeRepository(tx, review)
    }
  }

  async #judgeManifest(tx: Transaction, review: Review): Promise<boolean> {
    if (await isManifestLive(tx, review.repository_id, review.digest)) return false
    const repository = await findRepositoryById(tx, review.repository_id)
    if (!repository) return false
    return this.#manifests.removeManifest(tx, repository, review.digest, context)
  }

  async #judgeLink(tx: Transaction, review: Review): Promise<boolean> {
    // The lock comes first: a manifest push that is about to rely on this link holds it too.
    if (!(await lockLink(tx, review.repository_id, review.digest))) return false
    if (await isReferenced(tx, review.repository_id, review.digest)) return false
    const repository = await findRepositoryById(tx, review.repository_id)
    if (!repository) return false
    const { digest } = review
    const size = await unlinkBlob(tx, repository.id, digest)
    // Nobody can see the blob in this repository any more, so there is nothing to wait for.
    const now = this.#grace.now()
    await requestReviews(tx, [
      { subject: 'blob', repository_id: 0, digest, due_at: now },
      { subject: 'repository', repository_id: repository.id, digest: '', due_at: now },
    ])
    await this.#admission.record(tx, context, { kind: 'blobUnlinked', repository, digest, size })
    return true
  }

  async #judgeRepository(tx: Transaction, review: Review): Promise<boolean> {
    const repository = await removeEmptyRepository(tx, review.repository_id)
    if (!repository) return false
    await this.#admission.record(tx, context, { kind: 'repositoryRemoved', repository })
    return true
  }

  async #judgeBlob(tx: Transaction, review: Review): Promise<boolean> {
    const blob = await lockBlob(tx, review.digest as Digest, 'change')
    if (!blob || (await isLinked(tx, review.digest))) return false
    await deleteBlob(tx, review.digest)
    await addTrash(tx, [
      {
        storage_key: blob.storage_key,
        size: blob.size,
        reason: 'no repository holds the blob',
        due_at: this.#grace.trashDue(),
      },
    ])
    return true
  }

  async #emptyTrash(summary: CollectionSummary): Promise<boolean> {
    const due = await dueTrash(this.#database.read, this.#grace.now(), trashPerTurn)
    if (due.length === 0) return false
    const keys = due.map((row) => parseStorageKey(row.storage_key))
    const outcomes = await Promise.allSettled(
      keys.map(async (key) => {
        this.#hot.forget(key)
        return this.#storage.remove(key)
      }),
    )
    const gone = due.filter((_, index) => outcomes[index]?.status === 'fulfilled')
    const left = due.filter((_, index) => outcomes[index]?.status === 'rejected')
    await this.#database.relaxedTransaction(async (tx) => {
      await removeTrash(
        tx,
        gone.map((row) => row.storage_key),
      )
      await postponeTrash(
        tx,
        left.map((row) => row.storage_key),
        this.#grace.retryDue(),
      )
    })
    summary.objectsRemoved += gone.length
    summary.objectsLeft += left.length
    summary.bytesFreed += gone.reduce((sum, row) => sum + row.size, 0)
    return due.length === trashPerTurn
  }
}
