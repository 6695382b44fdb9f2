import { EncryptJWT, jwtDecrypt } from 'jose'
import * as z from 'zod'

/** What the browser that began a sign-in keeps until it comes back. It cannot read it, nor use it for another provider. */
const ticketSchema = z.strictObject({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
})

export type OidcTicket = z.output<typeof ticketSchema>

const lifetimeSeconds = 600
const lengthMax = 8192
const audience = 'berth-oidc-sign-in'

/** Locks and unlocks tickets with a key of 32 bytes that all nodes share. `now` is in milliseconds since 1970. */
export class OidcTickets {
  readonly #key: Uint8Array
  readonly #now: () => number

  constructor(key: Uint8Array, now: () => number) {
    this.#key = key
    this.#now = now
  }

  /** A text that is good for ten minutes. */
  seal(ticket: OidcTicket): Promise<string> {
    const issuedAt = Math.floor(this.#now() / 1000)
    return new EncryptJWT({ ticket })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(audience)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .encrypt(this.#key)
  }

  /** `undefined` for what is expired or was not made here. */
  async open(text: string): Promise<OidcTicket | undefined> {
    if (text.length > lengthMax) return undefined
    try {
      const { payload } = await jwtDecrypt(text, this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        audience,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#now()),
      })
      return ticketSchema.safeParse(payload['ticket']).data
    } catch {
      return undefined
    }
  }
}
