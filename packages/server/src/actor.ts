/** What a user may do on the whole instance. Projects refine this later. */
export type Role = 'admin' | 'writer' | 'reader'

/** Who is calling. The core records it; it never decides on it (see `access/authorize.ts`). */
export type Actor = {
  readonly kind: 'anonymous' | 'user'
  /** Stable and unique; upload sessions are bound to it. `anonymous` for callers without credentials. */
  readonly id: string
  /** What a person reads in a log. */
  readonly name: string
  /** `undefined`: may do nothing. */
  readonly role: Role | undefined
}
