import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../metadata/database.ts'
import { addTrash, knownKeys } from '../metadata/trash.ts'
import type { StorageDriver, StoredObject } from '../storage/driver.ts'
import type { Grace } from './grace.ts'

const objectsPerLook = 200

/**
 * Finds objects that no row names, such as a power cut can leave, and hands them to the trash.
 * The only task that lists the store; it goes slowly and holds one page at a time.
 */
export class Sweep {
  readonly #database: Database
  readonly #storage: StorageDriver
  readonly #grace: Grace

  constructor(parts: { database: Database; storage: StorageDriver; grace: Grace }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#grace = parts.grace
  }

  /** Goes through the store once. `restFactor` and `signal` as for `Collection.run`. With `dryRun` it only counts. */
  async run(options: {
    restFactor: number
    signal?: AbortSignal
    dryRun?: boolean
  }): Promise<{ seen: number; unknown: number; unknownBytes: number }> {
    const found = { seen: 0, unknown: 0, unknownBytes: 0 }
    let page: StoredObject[] = []
    const look = async () => {
      const started = performance.now()
      const unknown = await this.#unknownAmong(page)
      found.seen += page.length
      found.unknown += unknown.length
      found.unknownBytes += unknown.reduce((sum, object) => sum + object.size, 0)
      if (unknown.length > 0 && !options.dryRun) await this.#discard(unknown)
      page = []
      await wait((performance.now() - started) * options.restFactor)
    }
    for await (const object of this.#storage.list()) {
      if (options.signal?.aborted) return found
      page.push(object)
      if (page.length >= objectsPerLook) await look()
    }
    await look()
    return found
  }

  /** A row is always written before its object, so an object that is old and has no row never gets one. */
  async #unknownAmong(objects: readonly StoredObject[]): Promise<StoredObject[]> {
    const settled = objects.filter((object) => object.modifiedAt < this.#grace.undisturbedSince())
    const known = await knownKeys(
      this.#database.read,
      settled.map((object) => object.key),
    )
    return settled.filter((object) => !known.has(object.key))
  }

  #discard(objects: readonly StoredObject[]): Promise<void> {
    return this.#database.transaction((tx) =>
      addTrash(
        tx,
        objects.map((object) => ({
          storage_key: object.key,
          size: object.size,
          reason: 'no row names the object',
          due_at: this.#grace.trashDue(),
        })),
      ),
    )
  }
}
