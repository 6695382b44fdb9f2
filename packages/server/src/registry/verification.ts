import { type Digest, digestAlgorithm, digestEncoded } from '@berth/oci/digest.ts'
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { recordVerification } from '../metadata/blobs.ts'
import type { Database } from '../metadata/database.ts'
import {
  type VerifiableBlob,
  type VerifiableManifest,
  blobsToVerify,
  bytesToVerify,
  damagedContent,
  manifestsToVerify,
  recordManifestDamage,
} from '../metadata/verification.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { parseStorageKey } from '../storage/storage-key.ts'
import type { Clock } from './grace.ts'
import type { HotBlobs } from './hot-blobs.ts'

const pageSize = 50
const portion = 256 * 1024
const reportedAtMost = 1000

/** What a run has done so far. */
export type VerificationProgress = {
  blobs: number
  manifests: number
  bytes: number
  /** Digests found damaged in this run. */
  damaged: number
}

/** A clause for a report, such as `is missing`. */
type Damage = string & {}

type RunOptions = {
  /** Only blobs that were not verified since. */
  before: Date
  bytesPerSecond: number
  signal?: AbortSignal
  onProgress?: (progress: VerificationProgress) => void
  /** Told of each thing found damaged: its digest, and a clause such as `is missing`. */
  onDamage?: (digest: Digest, damage: string) => void
}

/**
 * Re-reads what is stored and compares it with its digest, at a bounded rate. What does not match is marked
 * and from then on answered as unknown, so that clients push it again instead of pulling wrong bytes.
 */
export class Verification {
  readonly #database: Database
  readonly #storage: StorageDriver
  readonly #hot: HotBlobs
  readonly #clock: Clock

  constructor(parts: {
    database: Database
    storage: StorageDriver
    hot: HotBlobs
    clock: Clock
  }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#hot = parts.hot
    this.#clock = parts.clock
  }

  /** Verifies every manifest, and every blob that is due. Can be stopped and goes on where it was: progress is in the rows. */
  async run(options: RunOptions): Promise<VerificationProgress> {
    const progress: VerificationProgress = { blobs: 0, manifests: 0, bytes: 0, damaged: 0 }
    const pace = new Pace(options.bytesPerSecond, options.signal)
    await this.#verifyManifests(options, progress, pace)
    await this.#verifyBlobs(options, progress, pace)
    return progress
  }

  /** How many bytes of blobs a run with this `before` has before it. */
  due(before: Date): Promise<number> {
    return bytesToVerify(this.#database.read, before.toISOString())
  }

  /** Everything that is known to be damaged, from this run and earlier ones. */
  damaged(): ReturnType<typeof damagedContent> {
    return damagedContent(this.#database.read, reportedAtMost)
  }

  async #verifyBlobs(
    options: RunOptions,
    progress: VerificationProgress,
    pace: Pace,
  ): Promise<void> {
    const before = options.before.toISOString()
    for (;;) {
      const page = await blobsToVerify(this.#database.read, { before, limit: pageSize })
      if (page.length === 0) return
      for (const blob of page) {
        if (options.signal?.aborted) return
        const damage = await this.#examine(blob, progress, pace, options.signal)
        if (damage === 'stopped') return
        if (damage !== null) {
          progress.damaged += 1
          options.onDamage?.(blob.digest, damage)
          this.#hot.forget(parseStorageKey(blob.storage_key))
        }
        await this.#database.transaction((tx) =>
          recordVerification(tx, {
            digest: blob.digest,
            storage_key: blob.storage_key,
            // Never before `before`, or a clock that stands still would show the same page again.
            now: new Date(
              Math.max(this.#clock().getTime(), options.before.getTime()),
            ).toISOString(),
            damage,
          }),
        )
        progress.blobs += 1
        options.onProgress?.(progress)
      }
    }
  }

  /** What is wrong with the stored bytes: `null` when they are what the digest promises, `stopped` when it did not come so far. */
  async #examine(
    blob: VerifiableBlob,
    progress: VerificationProgress,
    pace: Pace,
    signal: AbortSignal | undefined,
  ): Promise<Damage | 'stopped' | null> {
    const reader = await this.#storage.open(parseStorageKey(blob.storage_key))
    if (!reader) return 'is missing'
    try {
      if (reader.size !== blob.size) {
        return `has ${reader.size} bytes instead of ${blob.size}`
      }
      const hash = createHash(digestAlgorithm(blob.digest))
      const buffer = Buffer.allocUnsafeSlow(portion)
      for (let position = 0; position < blob.size; ) {
        if (signal?.aborted) return 'stopped'
        const read = await reader.read(buffer, position)
        if (read === 0) return `ends after ${position} of ${blob.size} bytes`
        hash.update(buffer.subarray(0, read))
        position += read
        progress.bytes += read
        await pace.spend(read)
      }
      return hash.digest('hex') === digestEncoded(blob.digest) ? null : 'holds other bytes'
    } catch {
      return 'cannot be read'
    } finally {
      reader.release()
    }
  }

  async #verifyManifests(
    options: RunOptions,
    progress: VerificationProgress,
    pace: Pace,
  ): Promise<void> {
    let after = { repository_id: 0, digest: '' }
    for (;;) {
      const page = await manifestsToVerify(this.#database.read, { after, limit: pageSize })
      for (const manifest of page) {
        if (options.signal?.aborted) return
        await this.#verifyManifest(manifest, options, progress)
        await pace.spend(manifest.payload.byteLength)
        options.onProgress?.(progress)
      }
      const last = page.at(-1)
      if (!last) return
      after = { repository_id: last.repository_id, digest: last.digest }
    }
  }

  async #verifyManifest(
    manifest: VerifiableManifest,
    options: Pick<RunOptions, 'onDamage'>,
    progress: VerificationProgress,
  ): Promise<void> {
    progress.manifests += 1
    progress.bytes += manifest.payload.byteLength
    const hash = createHash(digestAlgorithm(manifest.digest)).update(manifest.payload)
    const good = hash.digest('hex') === digestEncoded(manifest.digest)
    if (!good) {
      progress.damaged += 1
      options.onDamage?.(manifest.digest, 'is a manifest with other bytes')
    }
    if (good === (manifest.damage === null)) return
    await this.#database.transaction((tx) =>
      recordManifestDamage(tx, {
        repository_id: manifest.repository_id,
        digest: manifest.digest,
        damage: good ? null : 'holds other bytes',
      }),
    )
  }
}

/** Holds a reader to so many bytes a second. */
class Pace {
  readonly #bytesPerSecond: number
  readonly #signal: AbortSignal | undefined
  readonly #started = performance.now()
  #spent = 0

  constructor(bytesPerSecond: number, signal: AbortSignal | undefined) {
    this.#bytesPerSecond = bytesPerSecond
    this.#signal = signal
  }

  async spend(bytes: number): Promise<void> {
    this.#spent += bytes
    const ahead = (this.#spent / this.#bytesPerSecond) * 1000 - (performance.now() - this.#started)
    if (ahead <= 5) return
    const options = this.#signal ? { signal: this.#signal } : {}
    // Who stops the run looks at the signal next; there is nothing to say about it here.
    await wait(ahead, undefined, options).catch(() => undefined)
  }
}
