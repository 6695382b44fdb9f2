import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { keyBytesMax } from './limits.ts'

/** The text is not a key that Berth can use; the message says why. */
export class KeyInvalid extends Error {
  override readonly name = 'KeyInvalid'
}

/** SHA-2 for ECDSA and RSA; null for Ed25519, which hashes by itself. */
export type SignatureHash = 'sha256' | 'sha384' | 'sha512' | null

const curveHashes: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
}

const rsaBitsMin = 2048
const rsaBitsMax = 8192

/** Reads a PEM `PUBLIC KEY` (SPKI): EC P-256, P-384, P-521, RSA of 2048 to 8192 bits or Ed25519. Throws `KeyInvalid`. */
export function readPublicKey(pem: string): KeyObject {
  if (pem.length > keyBytesMax) throw new KeyInvalid(`A key has at most ${keyBytesMax} bytes.`)
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) {
    throw new KeyInvalid('A public key is PEM text that starts with "-----BEGIN PUBLIC KEY-----".')
  }
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw new KeyInvalid('The public key cannot be read: the PEM text is damaged.')
  }
  const fault = keyFault(key)
  if (fault !== undefined) throw new KeyInvalid(fault)
  return key
}

/** Why a key must not be used; undefined when it may. */
export function keyFault(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails
  const type = key.asymmetricKeyType
  if (type === 'ed25519') return undefined
  if (type === 'ec') {
    if (curveHashes[details?.namedCurve ?? ''] !== undefined) return undefined
    return `The curve ${details?.namedCurve} is not supported; use P-256, P-384 or P-521.`
  }
  if (type !== 'rsa') {
    return `Keys of the type ${type} are not supported; use EC, RSA or Ed25519.`
  }
  const bits = details?.modulusLength ?? 0
  if (bits >= rsaBitsMin && bits <= rsaBitsMax) return undefined
  return `An RSA key must have ${rsaBitsMin} to ${rsaBitsMax} bits; this one has ${bits}.`
}

/** The hash that Sigstore's clients use with a key: it follows the curve; RSA takes SHA-256. */
export function signatureHash(key: KeyObject): SignatureHash {
  if (key.asymmetricKeyType === 'ed25519') return null
  return curveHashes[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'sha256'
}

/**
 * Whether a signature over `data` was made with the key. For P-384 and P-521 SHA-256 counts too: cosign before
 * version 3 signed so with every key.
 */
export function isSignedBy(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  const own = signatureHash(key)
  const hashes: readonly SignatureHash[] =
    own === 'sha384' || own === 'sha512' ? [own, 'sha256'] : [own]
  return hashes.some((hash) => {
    try {
      return verify(hash, data, key, signature)
    } catch {
      return false
    }
  })
}

/** The SPKI form, as which keys are compared. */
export function publicKeyDer(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

/** How a key-signed bundle names its key: base64 of the SHA-256 over the SPKI form (cosign's `publicKey.hint`). */
export function keyHint(key: KeyObject): string {
  return createHash('sha256').update(publicKeyDer(key)).digest('base64')
}

/** The same hash for people: `sha256:<hexadecimal>`, as `openssl pkey -pubin -outform DER | sha256sum` shows it. */
export function keyFingerprint(key: KeyObject): string {
  return `sha256:${createHash('sha256').update(publicKeyDer(key)).digest('hex')}`
}
