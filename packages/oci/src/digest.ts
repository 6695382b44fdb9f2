import { OciError, quote } from './oci-error.ts'

declare const brand: unique symbol

/** `algorithm:encoded`, checked. Made only by `parseDigest` and `makeDigest`. */
export type Digest = string & { readonly [brand]: 'Digest' }

/** The hash algorithms Berth verifies. image-spec registers blake3 as well; it is optional and not supported. */
export type DigestAlgorithm = 'sha256' | 'sha512'

const hexLengths: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 }
const supported = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/
const lowercaseHex = /^[0-9a-f]*$/

/**
 * Brands a digest: `sha256:` with 64 or `sha512:` with 128 lowercase hexadecimal digits (image-spec descriptor.md, "Digests").
 * Throws `digestInvalid`, saying whether the shape, the algorithm or the digits are at fault.
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new OciError(
    'digestInvalid',
    `The digest ${quote(text)} is not valid: ${digestFault(text)}.`,
    [{ digest: text.slice(0, 160) }],
  )
}

/** Whether `parseDigest` would accept the text. */
export function isDigest(text: string): text is Digest {
  return supported.test(text)
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512'
}

/** The hexadecimal part, without the algorithm. */
export function digestEncoded(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** The digest of a hash that was just computed. Throws `digestInvalid` when `hex` does not fit the algorithm. */
export function makeDigest(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`)
}

/** Whether Berth can verify this algorithm, as named by a client (`?digest-algorithm=`, spec end-4c). */
export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512'
}

/** Why `isDigest` refuses the text, as the end of a sentence. */
export function digestFault(text: string): string {
  const colon = text.indexOf(':')
  if (colon < 1) return 'it must be an algorithm, a colon and the hash in hexadecimal'
  const algorithm = text.slice(0, colon)
  if (!isDigestAlgorithm(algorithm)) {
    return `the algorithm ${quote(algorithm)} is not supported; use sha256 or sha512`
  }
  const encoded = text.slice(colon + 1)
  const length = hexLengths[algorithm]
  if (encoded.length !== length) {
    return `${algorithm} needs ${length} hexadecimal digits, not ${encoded.length}`
  }
  if (lowercaseHex.test(encoded.toLowerCase())) return 'its hexadecimal digits must be lowercase'
  return 'it holds something other than hexadecimal digits after the colon'
}
