import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Actor } from '../actor.ts'
import { type Action, roleAllows } from './authorize.ts'
import type { Grants } from './scopes.ts'

/** Who is calling, and what they may do right now. */
export type Caller = {
  readonly actor: Actor
  readonly credentials: 'none' | 'token' | 'password'
  /** Whether the caller may act on the repository; for `catalog`, which concerns none, pass `undefined`. */
  may(action: Action, repository: RepositoryName | undefined): boolean
}

/** May do all that the role allows. */
export function roleCaller(actor: Actor, credentials: 'none' | 'password'): Caller {
  return { actor, credentials, may: (action) => roleAllows(actor.role, action) }
}

/** May do what the token grants and the role still allows. */
export function tokenCaller(actor: Actor, grants: Grants): Caller {
  return {
    actor,
    credentials: 'token',
    may(action, repository) {
      if (!roleAllows(actor.role, action)) return false
      if (action === 'catalog') return grants.catalog
      if (repository === undefined) return false
      return grants.repositories.get(repository)?.includes(action) ?? false
    },
  }
}
