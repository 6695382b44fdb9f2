import { randomBytes } from 'node:crypto'
import { BerthError } from '../errors.ts'
import type { StorageKey } from './driver.ts'

const keyGrammar = /^[0-9a-f]{2}\/[0-9a-f]{32}$/

/**
 * A key that was never used: a random shard, `/`, then the millisecond (12 hex digits) and 80 random bits.
 * No part of it comes from a user, so keys need no escaping and reveal nothing.
 */
export function newStorageKey(): StorageKey {
  const random = randomBytes(11).toString('hex')
  const time = Date.now().toString(16).padStart(12, '0')
  return parseStorageKey(`${random.slice(0, 2)}/${time}${random.slice(2)}`)
}

/** Brands a key that comes from the database; throws `unavailable` if Berth cannot have made it. */
export function parseStorageKey(text: string): StorageKey {
  if (isStorageKey(text)) return text
  throw new BerthError(
    'unavailable',
    'A stored object has a malformed key: the metadata database was damaged or edited.',
    { cause: new Error(`malformed storage key: ${JSON.stringify(text)}`) },
  )
}

/** Tells Berth's own objects from foreign files. */
export function isStorageKey(text: string): text is StorageKey {
  return keyGrammar.test(text)
}
