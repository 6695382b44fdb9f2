import { type Digest, digestAlgorithm, digestEncoded } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { createHash } from 'node:crypto'
import { BerthError } from '../errors.ts'
import {
  type BlobReads,
  type VisibleBlob,
  linkBlob,
  lockBlob,
  lockLink,
  prepareBlobReads,
  recordVerification,
  unlinkBlob,
} from '../metadata/blobs.ts'
import type { Database } from '../metadata/database.ts'
import { isReferenced } from '../metadata/manifests.ts'
import { ensureRepository, findRepository } from '../metadata/repositories.ts'
import { requestReviews } from '../metadata/reviews.ts'
import type { ObjectReader, StorageDriver } from '../storage/driver.ts'
import { parseStorageKey } from '../storage/storage-key.ts'
import type { Grace } from './grace.ts'
import type { HotBlobs } from './hot-blobs.ts'

/** How many holders of a blob a mount without a source looks at before it asks the client to upload. */
const holdersTried = 20

/** A blob opened for reading. `release` must be called once, whatever happens. */
export type OpenBlob = {
  readonly digest: Digest
  readonly size: number
  /** The whole content, when it is small and at hand; then `read` is not needed. */
  readonly bytes: Buffer | undefined
  /** Fills `into` from `position`; fewer bytes than asked mean that the stored copy was cut short. */
  read(into: Buffer, position: number): Promise<number>
  release(): void
}

/** Blobs as repositories see them: a blob is visible where it is linked, and nowhere else. */
export class Blobs {
  readonly #database: Database
  readonly #storage: StorageDriver
  readonly #hot: HotBlobs
  readonly #grace: Grace
  readonly #reads: BlobReads
  readonly #filling = new Map<string, Promise<Buffer | undefined>>()

  constructor(parts: { database: Database; storage: StorageDriver; hot: HotBlobs; grace: Grace }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#hot = parts.hot
    this.#grace = parts.grace
    this.#reads = prepareBlobReads(parts.database)
  }

  /**
   * Size of a visible blob. With `renew` (the caller may push, so it is likely to skip an upload because of the answer)
   * a review that is near is put off, so that the manifest that follows finds the blob still there.
   * Throws `blobUnknown`.
   */
  async statBlob(
    repository: RepositoryName,
    digest: Digest,
    options: { renew: boolean } = { renew: false },
  ): Promise<{ digest: Digest; size: number }> {
    const row = await this.#visible(repository, digest)
    if (options.renew && row.review_due_at !== null && this.#grace.isNear(row.review_due_at)) {
      await this.#renew(repository, digest)
    }
    return { digest, size: row.size }
  }

  /** Throws `blobUnknown`, also for a blob whose stored copy was found damaged: pushing it again heals it. */
  async openBlob(repository: RepositoryName, digest: Digest): Promise<OpenBlob> {
    const row = await this.#visible(repository, digest)
    const key = parseStorageKey(row.storage_key)
    if (row.size <= this.#hot.maxBlobBytes) {
      const bytes = this.#hot.find(key) ?? (await this.#fill(digest, row))
      if (bytes) return { digest, size: row.size, bytes, read: readNothing, release: doNothing }
    }
    const reader = await this.#storage.open(key)
    if (!reader || reader.size !== row.size) {
      reader?.release()
      throw await this.#reportDamage(digest, row, reader ? 'has another size' : 'is missing')
    }
    return {
      digest,
      size: row.size,
      bytes: undefined,
      read: (into, position) => reader.read(into, position),
      release: () => reader.release(),
    }
  }

  /** Takes a blob out of one repository. Throws `blobUnknown`, or `blobReferenced` while a manifest needs it. */
  async deleteBlob(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const id = await findRepository(tx, repository)
      if (id === undefined || !(await lockLink(tx, id, digest))) {
        throw blobUnknown(repository, digest)
      }
      if (await isReferenced(tx, id, digest)) {
        throw new BerthError(
          'blobReferenced',
          `The blob ${digest} is part of a manifest in ${repository}. Delete the manifest first.`,
          { details: [{ digest }] },
        )
      }
      await unlinkBlob(tx, id, digest)
      const dueAt = this.#grace.reviewDue()
      await requestReviews(tx, [
        { subject: 'blob', repository_id: 0, digest, due_at: dueAt },
        { subject: 'repository', repository_id: id, digest: '', due_at: dueAt },
      ])
    })
  }

  /**
   * Makes a blob that the caller may already pull elsewhere a member of `repository`, without moving bytes.
   * `false`: not possible, whatever the reason; the caller gets an upload session instead and learns nothing.
   */
  async mountBlob(mount: {
    repository: RepositoryName
    digest: Digest
    from: RepositoryName | undefined
    mayPull: (source: RepositoryName) => boolean
  }): Promise<boolean> {
    const source = await this.#mountSource(mount)
    if (!source) return false
    return this.#database.transaction(async (tx) => {
      const blob = await lockBlob(tx, mount.digest, 'keep')
      const sourceId = await findRepository(tx, source)
      if (!blob || blob.damage !== null || sourceId === undefined) return false
      if (!(await lockLink(tx, sourceId, mount.digest))) return false
      const now = this.#grace.now()
      const id = await ensureRepository(tx, mount.repository, now)
      await linkBlob(tx, id, mount.digest, now)
      await requestReviews(tx, [
        {
          subject: 'link',
          repository_id: id,
          digest: mount.digest,
          due_at: this.#grace.reviewDue(),
        },
      ])
      return true
    })
  }

  async #mountSource(mount: {
    digest: Digest
    from: RepositoryName | undefined
    mayPull: (source: RepositoryName) => boolean
  }): Promise<RepositoryName | undefined> {
    if (mount.from) return mount.mayPull(mount.from) ? mount.from : undefined
    const holders = await this.#reads.holders.all({ digest: mount.digest, limit: holdersTried })
    return holders.map((row) => row.name as RepositoryName).find(mount.mayPull)
  }

  async #visible(repository: RepositoryName, digest: Digest): Promise<VisibleBlob> {
    const row = await this.#reads.visible.first({ repository, digest })
    if (!row) throw blobUnknown(repository, digest)
    if (row.damage !== null) throw damaged(digest, row.damage)
    return row
  }

  async #renew(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#database.relaxedTransaction(async (tx) => {
      const id = await findRepository(tx, repository)
      if (id === undefined || !(await lockLink(tx, id, digest))) {
        throw blobUnknown(repository, digest)
      }
      await requestReviews(tx, [
        { subject: 'link', repository_id: id, digest, due_at: this.#grace.reviewDue() },
      ])
    })
  }

  /** Reads a small blob into memory once for all who ask at the same time, and checks it on the way. */
  #fill(digest: Digest, row: VisibleBlob): Promise<Buffer | undefined> {
    let filling = this.#filling.get(row.storage_key)
    if (!filling) {
      filling = this.#readWhole(digest, row).finally(() => this.#filling.delete(row.storage_key))
      this.#filling.set(row.storage_key, filling)
    }
    return filling
  }

  async #readWhole(digest: Digest, row: VisibleBlob): Promise<Buffer | undefined> {
    const key = parseStorageKey(row.storage_key)
    const reader = await this.#storage.open(key)
    if (!reader) throw await this.#reportDamage(digest, row, 'is missing')
    try {
      const bytes = Buffer.allocUnsafeSlow(row.size)
      const length = await readFully(reader, bytes)
      const hash = createHash(digestAlgorithm(digest))
        .update(bytes.subarray(0, length))
        .digest('hex')
      if (length !== row.size || reader.size !== row.size || hash !== digestEncoded(digest)) {
        throw await this.#reportDamage(digest, row, 'holds other bytes')
      }
      this.#hot.keep(key, bytes)
      return bytes
    } finally {
      reader.release()
    }
  }

  async #reportDamage(digest: Digest, row: VisibleBlob, damage: string): Promise<BerthError> {
    await this.#database.transaction((tx) =>
      recordVerification(tx, {
        digest,
        storage_key: row.storage_key,
        now: this.#grace.now(),
        damage,
      }),
    )
    return damaged(digest, damage)
  }
}

async function readFully(reader: ObjectReader, into: Buffer): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const read = await reader.read(into.subarray(filled), filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

const readNothing = (): Promise<number> => Promise.resolve(0)
const doNothing = (): void => undefined

function blobUnknown(repository: RepositoryName, digest: Digest): BerthError {
  return new BerthError('blobUnknown', `There is no blob ${digest} in ${repository}.`, {
    details: [{ digest }],
  })
}

function damaged(digest: Digest, damage: string): BerthError {
  return new BerthError(
    'blobUnknown',
    `The stored copy of the blob ${digest} ${damage} and is not served. Push the blob again to restore it.`,
    { details: [{ digest }] },
  )
}
