import type { Role } from '../actor.ts'

/** What a caller may want: the first three on a repository, `catalog` on the instance. */
export type Action = 'pull' | 'push' | 'delete' | 'catalog'

/**
 * The whole of authorisation: what each role may do. A writer may replace a tag but not delete: a pushed
 * manifest survives a moved tag, so the password of a build machine that leaks cannot destroy an image.
 */
const actions: Readonly<Record<Role, readonly Action[]>> = {
  reader: ['pull', 'catalog'],
  writer: ['pull', 'push', 'catalog'],
  admin: ['pull', 'push', 'delete', 'catalog'],
}

/** Whether a role contains an action; no role contains none. */
export function roleAllows(role: Role | undefined, action: Action): boolean {
  return role !== undefined && actions[role].includes(action)
}
