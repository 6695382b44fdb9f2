import { type KeyObject, sign } from 'node:crypto'
import { exportPublicKey } from './keys.ts'
import { signatureHash } from './public-key.ts'

/** Something that holds a private key: a file of this user, a key kept by Berth, or one made for a single signature. */
export interface Signer {
  /** PEM `PUBLIC KEY`. */
  readonly publicKeyPem: string
  /** PEM of a certificate for this key; absent for a bare key. */
  readonly certificatePem?: string
  /**
   * Signs `data` itself, not a digest: ECDSA in DER with the hash of its curve (P-256 SHA-256, P-384 SHA-384, P-521
   * SHA-512), RSA as PKCS #1 v1.5 with SHA-256, Ed25519 pure.
   */
  sign(data: Uint8Array): Promise<Buffer>
}

/** What a witness is shown of a signature that was just made. */
export type FreshSignature = {
  readonly signature: Buffer
  /** What the signature is over. */
  readonly signed: Buffer
  /** The DSSE envelope as JSON; absent for a signature over a document. */
  readonly envelope?: string
  /** The signer's certificate, else its public key. */
  readonly verifierPem: string
}

/** Attests a signature: a transparency log answers with an entry, a timestamp authority with a timestamp. */
export interface Witness {
  /** Throws `SigningServiceError` when the service does not do it. */
  attest(signature: FreshSignature): Promise<Testimony>
}

export type Testimony =
  | {
      readonly kind: 'log-entry'
      /** A `TransparencyLogEntry` of protobuf-specs as JSON. */
      readonly entry: Readonly<Record<string, unknown>>
    }
  | {
      readonly kind: 'timestamp'
      /** An RFC 3161 TimeStampResp in DER. */
      readonly response: Buffer
    }

/** A signer for a private key in memory, such as `readPrivateKey` returns. */
export function localSigner(key: KeyObject): Signer {
  return {
    publicKeyPem: exportPublicKey(key),
    sign: async (data) => sign(signatureHash(key), data, key),
  }
}
