import type { DigestAlgorithm } from '@berth/oci/digest.ts'
import { type Hash, createHash } from 'node:crypto'
import type { ObjectWriter, StorageDriver } from '../storage/driver.ts'
import { parseStorageKey } from '../storage/storage-key.ts'

/** What this process holds of an upload session between requests: hash state and an open writer. */
export type LiveUpload = {
  writer: ObjectWriter
  hash: Hash
  readonly algorithm: DigestAlgorithm
  /** Bytes that ended requests have stored. */
  size: number
  /** The writer failed and could not be set back. */
  broken: boolean
}

/** Idle sessions that keep their file handle and hash state; the rest re-read their bytes when they go on. */
const idleKept = 256
const rereadBytes = 1 << 20

/**
 * The sessions of this process. Each has at most one request at work: a second one takes over,
 * since it is most likely the same client after a lost connection that the server has not noticed yet.
 */
export class LiveUploads {
  readonly #storage: StorageDriver
  readonly #idle = new Map<string, LiveUpload>()
  readonly #busy = new Map<string, { abort: AbortController; done: Promise<void> }>()

  constructor(storage: StorageDriver) {
    this.#storage = storage
  }

  /** Runs `work` with the session to itself, after stopping whoever holds it. */
  async exclusively<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let holder = this.#busy.get(id); holder; holder = this.#busy.get(id)) {
      holder.abort.abort()
      await holder.done
    }
    const abort = new AbortController()
    const lease = Promise.withResolvers<void>()
    this.#busy.set(id, { abort, done: lease.promise })
    try {
      return await work(abort.signal)
    } finally {
      this.#busy.delete(id)
      lease.resolve()
    }
  }

  isBusy(id: string): boolean {
    return this.#busy.has(id)
  }

  get busyCount(): number {
    return this.#busy.size
  }

  /** The live state of a session, rebuilt from the stored bytes when this process has none. */
  async take(session: {
    id: string
    storage_key: string
    size: number
    algorithm: DigestAlgorithm
  }): Promise<LiveUpload> {
    const idle = this.#idle.get(session.id)
    if (idle) {
      this.#idle.delete(session.id)
      return idle
    }
    const key = parseStorageKey(session.storage_key)
    const hash = createHash(session.algorithm)
    const stored = session.size > 0 ? await this.#reread(session, hash) : 0
    // After a power cut the object may be shorter than the row says: then the session starts again from nothing.
    const size = stored === session.size ? session.size : 0
    const writer = (await this.#storage.reopen(key, size)) ?? (await this.#storage.create(key))
    return {
      writer,
      hash: size === session.size ? hash : createHash(session.algorithm),
      algorithm: session.algorithm,
      size,
      broken: false,
    }
  }

  /** Puts the state aside until the session's next request. */
  async putBack(id: string, upload: LiveUpload): Promise<void> {
    if (upload.broken) {
      await upload.writer.close()
      return
    }
    this.#idle.set(id, upload)
    if (this.#idle.size <= idleKept) return
    const [oldest] = this.#idle
    if (!oldest) return
    this.#idle.delete(oldest[0])
    await oldest[1].writer.close()
  }

  /** Drops whatever this process holds of an ended session. */
  async drop(id: string): Promise<void> {
    const idle = this.#idle.get(id)
    this.#idle.delete(id)
    await idle?.writer.close()
  }

  async close(): Promise<void> {
    for (const holder of this.#busy.values()) {
      holder.abort.abort()
      await holder.done
    }
    for (const id of this.#idle.keys()) await this.drop(id)
  }

  async #reread(session: { storage_key: string; size: number }, hash: Hash): Promise<number> {
    const reader = await this.#storage.open(parseStorageKey(session.storage_key))
    if (!reader) return 0
    const buffer = Buffer.allocUnsafeSlow(Math.min(rereadBytes, session.size))
    let position = 0
    try {
      while (position < session.size) {
        const wanted = buffer.subarray(0, Math.min(buffer.length, session.size - position))
        const read = await reader.read(wanted, position)
        if (read === 0) break
        hash.update(buffer.subarray(0, read))
        position += read
      }
    } finally {
      reader.release()
    }
    return position
  }
}
