import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What begins with it is found by scanners that look for leaked secrets, and never taken for a password. */
export type SecretPrefix = 'berth_robot_' | 'berth_key_'

const grammar = /^berth_(?:robot|key)_[A-Za-z0-9_-]{43}$/

/** 32 random bytes. Shown once; only `hashSecret` of it is kept. */
export function makeSecret(prefix: SecretPrefix): string {
  return prefix + randomBytes(32).toString('base64url')
}

/** SHA-256 in hex: what is random needs no slow hash. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

export function isSecret(prefix: SecretPrefix, text: string): boolean {
  return text.startsWith(prefix) && grammar.test(text)
}

/** Compares two hashes in a time that does not tell where they differ. */
export function isSameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
