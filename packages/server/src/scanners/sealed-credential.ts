import { Sealing } from '../sealing.ts'

/** How Berth authenticates to an adapter. */
export type ScannerCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly name: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'apiKey'; readonly key: string }

/**
 * Seals what an adapter is given, bound to the registration's name and address: a credential that is moved to another
 * row opens nothing there.
 */
export class CredentialSeal {
  readonly #sealing: Sealing

  /** `secret` has 32 bytes. */
  constructor(secret: Buffer) {
    this.#sealing = new Sealing(secret)
  }

  seal(bound: string, credential: ScannerCredential): Buffer | null {
    if (credential.kind === 'none') return null
    return this.#sealing.seal(bound, Buffer.from(JSON.stringify(credential)))
  }

  /** Throws when it was sealed by another instance or for another registration. */
  open(bound: string, sealed: Uint8Array | null): ScannerCredential {
    if (sealed === null) return { kind: 'none' }
    return JSON.parse(this.#sealing.open(bound, sealed).toString()) as ScannerCredential
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
