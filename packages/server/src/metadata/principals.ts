import type { InstanceRole, ProjectRole, Visibility } from '../actor.ts'
import type { Executor } from './database.ts'

/** What decides what a user may do, apart from projects. */
export type UserRights = {
  id: string
  name: string
  role: InstanceRole
  passwordHash: string
  disabledAt: string | null
  source: string
  syncedAt: string | null
}

/** A project as far as permissions need it. */
export type ProjectRights = {
  id: number
  name: string
  parentId: number | null
  visibility: Visibility | null
  /** JSON: a list of CIDR ranges. */
  allowedAddresses: string | null
}

const projectColumns = [
  'id',
  'name',
  'parent_id as parentId',
  'visibility',
  'allowed_addresses as allowedAddresses',
] as const

export function findUserRights(db: Executor, id: string): Promise<UserRights | undefined> {
  return db
    .selectFrom('users')
    .select([
      'id',
      'name',
      'role',
      'password_hash as passwordHash',
      'disabled_at as disabledAt',
      'source',
      'synced_at as syncedAt',
    ])
    .where('id', '=', id)
    .executeTakeFirst()
}

/** The roles on the instance of all groups of a user. */
export async function groupRolesOf(db: Executor, userId: string): Promise<InstanceRole[]> {
  const rows = await db
    .selectFrom('group_members')
    .innerJoin('groups', 'groups.id', 'group_members.group_id')
    .select('groups.role')
    .where('group_members.user_id', '=', userId)
    .execute()
  return rows.map((row) => row.role)
}

/** A user's own memberships and those of the user's groups. */
export async function membershipsOf(
  db: Executor,
  userId: string,
): Promise<{ projectId: number; role: ProjectRole; isOwn: boolean }[]> {
  const own = await db
    .selectFrom('members')
    .select(['project_id as projectId', 'role'])
    .where('subject_kind', '=', 'user')
    .where('subject_id', '=', userId)
    .execute()
  const ofGroups = await db
    .selectFrom('group_members')
    .innerJoin('members', (join) =>
      join
        .onRef('members.subject_id', '=', 'group_members.group_id')
        .on('members.subject_kind', '=', 'group'),
    )
    .select(['members.project_id as projectId', 'members.role'])
    .where('group_members.user_id', '=', userId)
    .execute()
  return [
    ...own.map((row) => ({ ...row, isOwn: true })),
    ...ofGroups.map((row) => ({ ...row, isOwn: false })),
  ]
}

/** The projects of these names that exist, the longest name first. */
export function findProjectsNamed(
  db: Executor,
  names: readonly string[],
): Promise<ProjectRights[]> {
  return db
    .selectFrom('projects')
    .select(projectColumns)
    .where('name', 'in', names)
    .orderBy('name', 'desc')
    .execute()
}

/** Projects after this id, for reading the tree in portions. */
export function projectsAfter(db: Executor, id: number, limit: number): Promise<ProjectRights[]> {
  return db
    .selectFrom('projects')
    .select(projectColumns)
    .where('id', '>', id)
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Whether there is a repository of this name, or one below it. */
export async function hasRepositoryBelow(db: Executor, name: string): Promise<boolean> {
  const row = await db
    .selectFrom('repositories')
    .select('id')
    .where((eb) =>
      // '0' is the character after '/'.
      eb.or([
        eb('name', '=', name),
        eb.and([eb('name', '>', `${name}/`), eb('name', '<', `${name}0`)]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
