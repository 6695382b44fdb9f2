import type { Subject } from './principal.ts'
import type { Grants } from './scopes.ts'

/** Whom a name and a secret belong to. */
export type Identified = {
  readonly subject: Subject
  /** Of the secret that was presented: what is issued for it ends with it. */
  readonly secretHash: string
  readonly kind: 'password' | 'key' | 'token'
  /** When what was presented ends by itself: nothing that is issued for it lasts longer. Milliseconds since 1970. */
  readonly expiresAt?: number
  /** What a token that was presented as a password is for. */
  readonly grants?: Grants
}
