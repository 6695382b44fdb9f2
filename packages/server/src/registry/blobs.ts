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
import { findRepository } from '../metadata/repositories.ts'
import { requestReviews } from '../metadata/reviews.ts'
import type { ObjectReader, StorageDriver } from '../storage/driver.ts'
import { parseStorageKey } from '../storage/storage-key.ts'
import type { Admission, Permit } from './admission.ts'
import { ensureRepository } from './ensure-repository.ts'
import type { Grace } from './grace.ts'
import type { HotBlobs } from './hot-blobs.ts'

/** How many holders of a blob a mount without a source looks at before it asks the client to upload. */
const holdersTried = 20

type Mount = {
  repository: RepositoryName
  permit: Permit
  digest: Digest
  from: RepositoryName | undefined
  mayPull: (source: RepositoryName) => Promise<boolean>
}

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
  readonly #admission: Admission
  readonly #reads: BlobReads
  readonly #filling = new Map<string, Promise<Buffer | undefined>>()

  constructor(parts: {
    database: Database
    storage: StorageDriver
    hot: HotBlobs
    grace: Grace
    admission: Admission
  }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#hot = parts.hot
    this.#grace = parts.grace
    this.#admission = parts.admission
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

  /**
   * Takes a blob out of one repository. Throws `blobUnknown`, `denied`, or `blobReferenced` while a manifest needs it.
   */
  async deleteBlob(repository: RepositoryName, digest: Digest, permit: Permit): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await permit.require(tx, 'delete', repository)
      const found = await findRepository(tx, repository)
      if (!found || !(await lockLink(tx, found.id, digest))) throw blobUnknown(repository, digest)
      if (await isReferenced(tx, found.id, digest)) {
        throw new BerthError(
          'blobReferenced',
          `The blob ${digest} is part of a manifest in ${repository}. Delete the manifest first.`,
          { details: [{ digest }] },
        )
      }
      const size = await unlinkBlob(tx, found.id, digest)
      const dueAt = this.#grace.reviewDue()
      await requestReviews(tx, [
        { subject: 'blob', repository_id: 0, digest, due_at: dueAt },
        { subject: 'repository', repository_id: found.id, digest: '', due_at: dueAt },
      ])
      await this.#admission.record(tx, permit, {
        kind: 'blobUnlinked',
        repository: found,
        digest,
        size,
      })
    })
  }

  /**
   * Makes a blob that the caller may already pull elsewhere a member of `repository`, without moving bytes.
   * `false`: not possible, whatever is wrong with the source; the caller gets an upload session instead and learns
   * nothing. Throws `denied` when the caller may not push any more, and what the rules refuse.
   */
  async mountBlob(mount: Mount): Promise<boolean> {
    const source = await this.#mountSource(mount)
    if (!source) return false
    const { permit, digest } = mount
    return this.#database.transaction(async (tx) => {
      await permit.require(tx, 'push', mount.repository)
      if (!(await isAllowed(permit.require(tx, 'pull', source)))) return false
      const blob = await lockBlob(tx, digest, 'keep')
      const held = await findRepository(tx, source)
      if (!blob || blob.damage !== null || !held) return false
      if (!(await lockLink(tx, held.id, digest))) return false
      const now = this.#grace.now()
      const repository = await ensureRepository(tx, {
        name: mount.repository,
        permit,
        admission: this.#admission,
        now,
      })
      if (await linkBlob(tx, repository.id, digest, now)) {
        const { size } = blob
        await this.#admission.record(tx, permit, { kind: 'blobLinked', repository, digest, size })
      }
      await requestReviews(tx, [
        { subject: 'link', repository_id: repository.id, digest, due_at: this.#grace.reviewDue() },
      ])
      return true
    })
  }

  async #mountSource(mount: Mount): Promise<RepositoryName | undefined> {
    if (mount.from) return (await mount.mayPull(mount.from)) ? mount.from : undefined
    const holders = await this.#reads.holders.all({ digest: mount.digest, limit: holdersTried })
    for (const { name } of holders) {
      if (await mount.mayPull(name as RepositoryName)) return name as RepositoryName
    }
    return undefined
  }

  async #visible(repository: RepositoryName, digest: Digest): Promise<VisibleBlob> {
    const row = await this.#reads.visible.first({ repository, digest })
    if (!row) throw blobUnknown(repository, digest)
    if (row.damage !== null) throw damaged(digest, row.damage)
    return row
  }

  async #renew(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#database.relaxedTransaction(async (tx) => {
      const found = await findRepository(tx, repository)
      if (!found || !(await lockLink(tx, found.id, digest))) throw blobUnknown(repository, digest)
      await requestReviews(tx, [
        { subject: 'link', repository_id: found.id, digest, due_at: this.#grace.reviewDue() },
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

/** `false` for `denied`; other failures stay failures. */
async function isAllowed(required: Promise<void>): Promise<boolean> {
  try {
    await required
    return true
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'denied') return false
    throw error
  }
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
