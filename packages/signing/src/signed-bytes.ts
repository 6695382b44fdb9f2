import { createHash, timingSafeEqual } from 'node:crypto'
import type { SignedEntity } from '@sigstore/verify'
import { isSignedBy } from './public-key.ts'

/** A signature with what it is over, in the form that the verifying library asks. */
export type SignedBytes = SignedEntity['signature']

/** Hashes by their length in bytes. */
const hashOfLength: Readonly<Record<number, string>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' }

/**
 * `signed` is what the signature is over, `payload` what a log entry of an envelope records the hash of. The library's
 * own objects always hash with SHA-256, which fails for P-384 and P-521; these choose by key, and by the length of the
 * digest that a log recorded.
 */
export function signedBytes(options: {
  signature: Buffer
  signed: Buffer
  payload: Buffer
}): SignedBytes {
  const { signature, signed, payload } = options
  return {
    signature,
    compareSignature: (other) => isEqual(other, signature),
    compareDigest: (digest) => isDigestOf(digest, payload),
    compareSignedDigest: (digest) => isDigestOf(digest, signed),
    verifySignature: (key) => isSignedBy(key, signed, signature),
  }
}

function isDigestOf(digest: Buffer, bytes: Buffer): boolean {
  const algorithm = hashOfLength[digest.length]
  if (algorithm === undefined) return false
  return isEqual(createHash(algorithm).update(bytes).digest(), digest)
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
