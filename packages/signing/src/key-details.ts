import type { KeyObject } from 'node:crypto'

/** The kinds of key in a trusted root that Berth can use: `PublicKeyDetails` of Sigstore's protobuf-specs. */
export const knownKeyDetails = [
  'PKCS1_RSA_PKCS1V5',
  'PKIX_RSA_PKCS1V5',
  'PKIX_ECDSA_P256_SHA_256',
  'PKIX_ECDSA_P256_HMAC_SHA_256',
  'PKIX_ED25519',
  'PKIX_RSA_PKCS1V15_2048_SHA256',
  'PKIX_RSA_PKCS1V15_3072_SHA256',
  'PKIX_RSA_PKCS1V15_4096_SHA256',
] as const

/** Whether a key is of the kind that its entry claims. */
export function keyFitsDetails(key: KeyObject, details: (typeof knownKeyDetails)[number]): boolean {
  if (details.includes('ECDSA_P256')) {
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
  }
  if (details === 'PKIX_ED25519') return key.asymmetricKeyType === 'ed25519'
  return key.asymmetricKeyType === 'rsa'
}
