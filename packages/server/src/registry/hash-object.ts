import type { Hash } from 'node:crypto'
import { BerthError } from '../errors.ts'
import type { StorageDriver, StorageKey } from '../storage/driver.ts'

const portion = 1 << 20

/** Reads an object from end to end through `hash` and returns the hex digest. Throws `unavailable` when it is absent. */
export async function hashObject(
  storage: StorageDriver,
  key: StorageKey,
  hash: Hash,
): Promise<string> {
  const reader = await storage.open(key)
  if (!reader) throw new BerthError('unavailable', 'The stored object is missing.')
  const buffer = Buffer.allocUnsafeSlow(portion)
  try {
    for (let position = 0; ; ) {
      const read = await reader.read(buffer, position)
      if (read === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, read))
      position += read
    }
  } finally {
    reader.release()
  }
}
