import type { InstanceRole, ProjectRole, Visibility } from '../actor.ts'
import type { Executor } from '../metadata/database.ts'
import { listGroupsOfUser } from '../metadata/groups.ts'
import { listEntriesFor } from '../metadata/members.ts'
import type { StoredProject } from '../metadata/projects.ts'
import type { StoredUser } from '../metadata/users.ts'
import { greaterInstanceRole, greaterRole } from './authorize.ts'

/** Where a role in a project comes from. */
type RoleOrigin =
  /** An entry of the user's own, or of a group, in this project or one above. */
  | { readonly kind: 'member'; readonly project: string }
  | { readonly kind: 'group'; readonly project: string; readonly group: string }
  /** No project says anything: the role on the whole instance, the user's own or that of a group. */
  | { readonly kind: 'instance'; readonly group: string | undefined }

export type Explanation = {
  readonly user: string
  readonly project: string
  /** `auditor` only for those who are it on the whole instance. */
  readonly role: ProjectRole | InstanceRole
  readonly origin: RoleOrigin
  /** `true`: the user may do nothing at all at the moment, whatever the role. */
  readonly disabled: boolean
  /** What members and strangers alike may pull by. */
  readonly visibility: Visibility
}

/**
 * What `Permissions` decides, with its reasons: an administrator or auditor of the instance is that everywhere; else the
 * nearest level with an entry decides, the user's own before those of groups, of which the greatest counts. `chain` are
 * the projects from the root down.
 */
export async function explainRole(
  db: Executor,
  chain: readonly StoredProject[],
  user: StoredUser,
): Promise<Explanation> {
  const instance = await instanceRoleOf(db, user)
  const nearest = isEverywhere(instance.role) ? undefined : await nearestEntry(db, chain, user.id)
  const { role, origin } = nearest ?? instance
  return {
    user: user.name,
    project: chain.at(-1)?.name ?? '',
    role,
    origin,
    disabled: user.disabledAt !== null,
    visibility: chain.findLast(({ visibility }) => visibility !== null)?.visibility ?? 'private',
  }
}

async function instanceRoleOf(
  db: Executor,
  user: StoredUser,
): Promise<{ role: InstanceRole; origin: RoleOrigin }> {
  let role = user.role
  let group: string | undefined
  for (const each of await listGroupsOfUser(db, user.id)) {
    if (greaterInstanceRole(role, each.role) === role) continue
    role = each.role
    group = each.name
  }
  return { role, origin: { kind: 'instance', group } }
}

async function nearestEntry(
  db: Executor,
  chain: readonly StoredProject[],
  userId: string,
): Promise<{ role: ProjectRole; origin: RoleOrigin } | undefined> {
  const ids = chain.map(({ id }) => id)
  const entries = await listEntriesFor(db, ids, userId)
  const level = chain.findLast(({ id }) => entries.some(({ projectId }) => projectId === id))
  if (!level) return undefined
  const here = entries.filter(({ projectId }) => projectId === level.id)
  const own = here.find(({ group }) => group === null)
  if (own) return { role: own.role, origin: { kind: 'member', project: level.name } }
  const best = here.reduce((a, b) => (greaterRole(a.role, b.role) === a.role ? a : b))
  return {
    role: best.role,
    origin: { kind: 'group', project: level.name, group: best.group ?? '' },
  }
}

function isEverywhere(role: InstanceRole): boolean {
  return role === 'admin' || role === 'auditor'
}
