import { LRUCache } from 'lru-cache'
import type { StorageKey } from '../storage/driver.ts'

/**
 * Small blobs that were read lately, whole, in memory. The key is a storage key, which never holds other bytes,
 * so an entry cannot go stale; whether a caller may see the blob is read from the database every time.
 */
export class HotBlobs {
  readonly maxBlobBytes: number
  readonly #cache: LRUCache<StorageKey, Buffer> | undefined

  constructor(options: { cacheBytes: number; maxBlobBytes: number }) {
    this.maxBlobBytes = Math.min(options.maxBlobBytes, options.cacheBytes)
    this.#cache =
      options.cacheBytes > 0
        ? new LRUCache({
            maxSize: options.cacheBytes,
            sizeCalculation: (bytes) => bytes.length + 200,
          })
        : undefined
  }

  find(key: StorageKey): Buffer | undefined {
    return this.#cache?.get(key)
  }

  keep(key: StorageKey, bytes: Buffer): void {
    this.#cache?.set(key, bytes)
  }

  /** Drops a copy, for a blob that was found damaged or removed. */
  forget(key: StorageKey): void {
    this.#cache?.delete(key)
  }
}
