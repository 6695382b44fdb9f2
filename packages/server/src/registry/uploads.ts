import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  makeDigest,
} from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { createHash, randomBytes } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import { type BlobReads, prepareBlobReads } from '../metadata/blobs.ts'
import type { Database } from '../metadata/database.ts'
import { addTrash } from '../metadata/trash.ts'
import {
  type UploadReads,
  type UploadSession,
  deleteUpload,
  insertUpload,
  prepareUploadReads,
  updateUpload,
} from '../metadata/uploads.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { newStorageKey, parseStorageKey } from '../storage/storage-key.ts'
import type { Admission, Permit } from './admission.ts'
import type { Grace } from './grace.ts'
import { hashObject } from './hash-object.ts'
import { type LiveUpload, LiveUploads } from './live-uploads.ts'
import { publishBlob } from './publish-blob.ts'
import { receiveBody } from './receive-body.ts'
import { type UploadBody, checkEnd, checkProgress, checkStart } from './upload-body.ts'
import { uploadUnknown } from './upload-unknown.ts'

/** How far a session is. `offset` is the number of bytes stored. */
export type UploadStatus = { id: string; offset: number }

/** How ids look here; PostgreSQL cannot even be asked for some other texts. */
const idGrammar = /^[0-9a-f]{32}$/

type Target = { repository: RepositoryName; permit: Permit; id: string }

/**
 * Upload sessions: started, appended to, committed as a blob or cancelled. A session belongs to one repository and
 * one actor, and to anybody else it does not exist. Bytes go straight to the object they will stay in;
 * only the commit makes them a blob.
 */
export class Uploads {
  readonly #database: Database
  readonly #storage: StorageDriver
  readonly #grace: Grace
  readonly #admission: Admission
  readonly #limits: Config['registry']
  readonly #reads: UploadReads
  readonly #blobReads: BlobReads
  readonly #live: LiveUploads

  constructor(parts: {
    database: Database
    storage: StorageDriver
    grace: Grace
    admission: Admission
    limits: Config['registry']
  }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#grace = parts.grace
    this.#admission = parts.admission
    this.#limits = parts.limits
    this.#reads = prepareUploadReads(parts.database)
    this.#blobReads = prepareBlobReads(parts.database)
    this.#live = new LiveUploads(parts.storage)
  }

  /** Requests that are writing at this moment. */
  get active(): number {
    return this.#live.busyCount
  }

  /**
   * Opens an empty session. `algorithm` is the one the digest at the end will use, when the client says so.
   * Throws `uploadsTooMany`, `quotaExceeded`.
   */
  async startUpload(start: {
    repository: RepositoryName
    permit: Permit
    algorithm?: DigestAlgorithm | undefined
  }): Promise<UploadStatus> {
    await this.#admission.admitUpload(start.repository, undefined)
    const session = await this.#newSession(start)
    await this.#database.relaxedTransaction((tx) => insertUpload(tx, session))
    return { id: session.id, offset: 0 }
  }

  /** Throws `uploadUnknown`. */
  async getUpload(target: Target): Promise<UploadStatus> {
    const session = await this.#find(target)
    return { id: session.id, offset: session.size }
  }

  /**
   * Adds a body at the end. A body that breaks off, or that the store cannot take, leaves the session as it was.
   * Throws `uploadUnknown`, `uploadRangeInvalid` (details hold the stored `offset`), `uploadInterrupted`, `sizeMismatch`,
   * `blobTooLarge`, `quotaExceeded`, `storageFull`.
   */
  appendUpload(target: Target & { body: UploadBody }): Promise<UploadStatus> {
    return this.#live.exclusively(target.id, async (signal) => {
      const session = await this.#find(target)
      const live = await this.#take(session)
      try {
        await this.#admit(target.repository, live, target.body)
        await this.#receive(live, target.body, signal, (size) => this.#record(session.id, size))
        return { id: session.id, offset: live.size }
      } finally {
        await this.#live.putBack(session.id, live)
      }
    })
  }

  /**
   * Ends the session with the blob it was for, after a last body if there is one. When this returns, bytes and
   * membership are on disk. A digest that does not match ends the session and keeps nothing.
   * Throws as `appendUpload`, and `digestMismatch`, `denied`.
   */
  commitUpload(
    target: Target & { digest: Digest; body?: UploadBody | undefined },
  ): Promise<{ digest: Digest; size: number }> {
    return this.#live.exclusively(target.id, async (signal) => {
      const session = await this.#find(target)
      const live = await this.#take(session)
      let failed = true
      try {
        if (target.body) {
          await this.#admit(target.repository, live, target.body)
          await this.#receive(live, target.body, signal)
        }
        failed = false
      } finally {
        if (failed) await this.#live.putBack(session.id, live)
      }
      return this.#commit(session, live, target)
    })
  }

  /** Ends the session and drops its bytes. Throws `uploadUnknown`. */
  cancelUpload(target: Target): Promise<void> {
    return this.#live.exclusively(target.id, async () => {
      const session = await this.#find(target)
      await this.#live.drop(session.id)
      await this.#discard(session, 'upload cancelled')
    })
  }

  /** A whole blob in one request: no session outlives it. Throws as `commitUpload`. */
  async putBlob(put: {
    repository: RepositoryName
    permit: Permit
    digest: Digest
    body: UploadBody
  }): Promise<{ digest: Digest; size: number }> {
    await this.#admission.admitUpload(put.repository, put.body.length)
    const session = await this.#newSession({ ...put, algorithm: digestAlgorithm(put.digest) })
    await this.#database.relaxedTransaction((tx) => insertUpload(tx, session))
    return this.#live.exclusively(session.id, async (signal) => {
      const live = await this.#live.take({ ...session, algorithm: digestAlgorithm(put.digest) })
      try {
        await this.#receive(live, put.body, signal)
      } catch (error) {
        await live.writer.close()
        await this.#discard(session, 'upload interrupted')
        throw error
      }
      try {
        return await this.#commit(session, live, put)
      } catch (error) {
        // Nobody knows this session, so nobody would ever end it.
        await this.#discard(session, 'upload refused').catch(() => undefined)
        throw error
      }
    })
  }

  /** Ends an idle session, for collection; one that is being written to is left alone. */
  async expireUpload(session: UploadSession): Promise<boolean> {
    if (this.#live.isBusy(session.id)) return false
    // Exclusively, so that no request can begin to write between the look and the end.
    return this.#live.exclusively(session.id, async () => {
      await this.#live.drop(session.id)
      return this.#discard(session, 'upload expired', this.#grace.now())
    })
  }

  /** Interrupts the requests that are writing and closes every file. */
  close(): Promise<void> {
    return this.#live.close()
  }

  async #newSession(start: {
    repository: RepositoryName
    permit: Permit
    algorithm?: DigestAlgorithm | undefined
  }): Promise<UploadSession> {
    const limit = this.#limits.uploads.maxPerActor
    const count = await this.#reads.countOf.first({ actor: start.permit.actor.id, limit })
    if (count && count.open >= limit) {
      throw new BerthError(
        'uploadsTooMany',
        `${start.permit.actor.name} has ${limit} upload sessions open, which is the limit. Finish or cancel some, or wait until they expire.`,
      )
    }
    return {
      id: randomBytes(16).toString('hex'),
      repository_name: start.repository,
      actor_id: start.permit.actor.id,
      storage_key: newStorageKey(),
      size: 0,
      algorithm: start.algorithm ?? 'sha256',
      created_at: this.#grace.now(),
      expires_at: this.#expiry(),
    }
  }

  /** What the session will hold at least, once this body is in. */
  #admit(repository: RepositoryName, live: LiveUpload, body: UploadBody): Promise<void> {
    return this.#admission.admitUpload(repository, live.size + (body.length ?? 0))
  }

  #expiry(): string {
    return new Date(
      Date.parse(this.#grace.now()) + this.#limits.uploads.idleHours * 3_600_000,
    ).toISOString()
  }

  async #find(target: Target): Promise<UploadSession & { algorithm: DigestAlgorithm }> {
    const session = idGrammar.test(target.id)
      ? await this.#reads.find.first({ id: target.id })
      : undefined
    if (
      !session ||
      session.repository_name !== target.repository ||
      session.actor_id !== target.permit.actor.id ||
      session.expires_at <= this.#grace.now()
    ) {
      throw uploadUnknown(target.id, target.repository)
    }
    return session as UploadSession & { algorithm: DigestAlgorithm }
  }

  /** The live state of a session; the row follows when a power cut took bytes that it counts. */
  async #take(session: UploadSession & { algorithm: DigestAlgorithm }): Promise<LiveUpload> {
    const live = await this.#live.take(session)
    if (live.size === session.size) return live
    try {
      await this.#record(session.id, live.size)
      return live
    } catch (error) {
      await live.writer.close()
      throw error
    }
  }

  #record(id: string, size: number): Promise<void> {
    return this.#database.relaxedTransaction((tx) =>
      updateUpload(tx, id, { size, expires_at: this.#expiry() }),
    )
  }

  /** `settle` runs with the new size before the bytes count; when it fails they are dropped as well. */
  async #receive(
    live: LiveUpload,
    body: UploadBody,
    signal: AbortSignal,
    settle?: (size: number) => Promise<void>,
  ): Promise<void> {
    const start = live.size
    const { blobMaxBytes } = this.#limits
    checkStart(start, body, blobMaxBytes)
    const expected = body.range ? body.range.end - body.range.start + 1 : body.length
    const before = live.hash.copy()
    let received = 0
    try {
      await receiveBody(
        body.stream,
        (chunk) => {
          received += chunk.length
          checkProgress(start, received, expected, blobMaxBytes)
          live.hash.update(chunk)
          return live.writer.write(chunk)
        },
        signal,
      )
      checkEnd(received, expected)
      await live.writer.flush()
      await settle?.(start + received)
      live.size = start + received
    } catch (error) {
      live.hash = before
      await live.writer.rollback(start).catch(() => {
        // The store refuses even that: the next request opens the object anew and reads what is there.
        live.broken = true
      })
      throw error
    }
  }

  async #commit(
    session: UploadSession,
    live: LiveUpload,
    commit: { digest: Digest; permit: Permit },
  ): Promise<{ digest: Digest; size: number }> {
    const { digest } = commit
    const size = live.size
    // Bytes that are stored already need no sync of a second copy; only the digest has to be proved.
    let sealed = true
    try {
      sealed = !(await this.#holds(digest))
      const hashed = live.algorithm === digestAlgorithm(digest)
      if (hashed) this.#prove(digest, live.hash.digest('hex'))
      if (sealed) await live.writer.seal()
      else await live.writer.close()
      if (!hashed) this.#prove(digest, await this.#rehash(session, digest))
    } catch (error) {
      await live.writer.close()
      await this.#discard(session, 'upload refused')
      throw error
    }
    while (!(await this.#publish(session, commit, size, sealed))) {
      // The other copy went between the two looks: this one is needed after all.
      const writer = await this.#storage.reopen(parseStorageKey(session.storage_key), size)
      if (!writer) throw new BerthError('unavailable', 'The uploaded bytes cannot be read back.')
      await writer.seal()
      sealed = true
    }
    return { digest, size }
  }

  async #holds(digest: Digest): Promise<boolean> {
    const row = await this.#blobReads.stored.first({ digest })
    return row !== undefined && row.damage === null
  }

  #prove(digest: Digest, hex: string): void {
    const actual = makeDigest(digestAlgorithm(digest), hex)
    if (actual === digest) return
    throw new BerthError(
      'digestMismatch',
      `The bytes received have the digest ${actual}, not ${digest}. Nothing was kept; upload the blob again.`,
      { details: [{ digest }] },
    )
  }

  /** For a digest in another algorithm than was hashed on the way: reads the stored bytes. */
  #rehash(session: UploadSession, digest: Digest): Promise<string> {
    const key = parseStorageKey(session.storage_key)
    return hashObject(this.#storage, key, createHash(digestAlgorithm(digest)))
  }

  /** The one transaction that makes a blob. `false`: nothing was done, because the object must be sealed first. */
  #publish(
    session: UploadSession,
    commit: { digest: Digest; permit: Permit },
    size: number,
    sealed: boolean,
  ): Promise<boolean> {
    const { digest, permit } = commit
    return this.#database.transaction((tx) =>
      publishBlob(tx, {
        session,
        permit,
        admission: this.#admission,
        digest,
        size,
        sealed,
        grace: this.#grace,
      }),
    )
  }

  /**
   * Ends a session whose bytes nobody will see. The object goes the way of all others: named as trash, then removed.
   * `false` when it had ended already or, with `expiredAt`, was used again since it was found to be idle.
   */
  #discard(session: UploadSession, reason: string, expiredAt?: string): Promise<boolean> {
    return this.#database.relaxedTransaction(async (tx) => {
      if (!(await deleteUpload(tx, session.id, expiredAt))) return false
      await addTrash(tx, [
        { storage_key: session.storage_key, size: session.size, reason, due_at: this.#grace.now() },
      ])
      return true
    })
  }
}
