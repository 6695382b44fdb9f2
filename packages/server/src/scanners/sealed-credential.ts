import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ivBytes = 12
const tagBytes = 16

/** How Berth authenticates to an adapter. */
export type ScannerCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly name: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'apiKey'; readonly key: string }

/**
 * Seals what an adapter is given (AES-256-GCM), bound to the registration's name and address: a credential that is moved
 * to another row opens nothing there.
 */
export class CredentialSeal {
  readonly #secret: Buffer

  /** `secret` has 32 bytes. */
  constructor(secret: Buffer) {
    this.#secret = secret
  }

  seal(bound: string, credential: ScannerCredential): Buffer | null {
    if (credential.kind === 'none') return null
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#secret, iv)
    cipher.setAAD(Buffer.from(bound))
    const text = Buffer.concat([cipher.update(JSON.stringify(credential)), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), text])
  }

  /** Throws when it was sealed by another instance or for another registration. */
  open(bound: string, sealed: Uint8Array | null): ScannerCredential {
    if (sealed === null) return { kind: 'none' }
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv('aes-256-gcm', this.#secret, bytes.subarray(0, ivBytes))
    decipher.setAAD(Buffer.from(bound))
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    const text = Buffer.concat([
      decipher.update(bytes.subarray(ivBytes + tagBytes)),
      decipher.final(),
    ])
    return JSON.parse(text.toString()) as ScannerCredential
  }
}

/** The headers that present it (Harbor Pluggable Scanner API). */
export function headersOf(credential: ScannerCredential): Record<string, string> {
  switch (credential.kind) {
    case 'none':
      return {}
    case 'basic': {
      const { name, password } = credential
      return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
    }
    case 'bearer':
      return { authorization: `Bearer ${credential.token}` }
    case 'apiKey':
      return { 'x-scanneradapter-api-key': credential.key }
  }
}
