import type { Updateable } from 'kysely'
import type { InstanceRole } from '../actor.ts'
import { type Executor, inPortions, type Transaction } from './database.ts'
import { namesFrom } from './name-range.ts'
import type { Schema } from './schema.ts'

export type StoredGroup = {
  readonly id: string
  readonly name: string
  /** `local`, `ldap` or `oidc:<provider>`. */
  readonly source: string
  readonly externalName: string | null
  readonly role: InstanceRole
  readonly createdAt: string
  readonly version: number
}

const columns = [
  'id',
  'name',
  'source',
  'external_name as externalName',
  'role',
  'created_at as createdAt',
  'version',
] as const

export function findGroupByName(db: Executor, name: string): Promise<StoredGroup | undefined> {
  return db.selectFrom('groups').select(columns).where('name', '=', name).executeTakeFirst()
}

/** Groups by name, after `after` in byte order. */
export function listGroups(
  db: Executor,
  query: {
    readonly limit: number
    readonly after: string
    readonly prefix?: string | undefined
    readonly source?: string | undefined
    readonly role?: InstanceRole | undefined
  },
): Promise<StoredGroup[]> {
  const range =
    query.prefix === undefined || query.prefix === '' ? undefined : namesFrom(query.prefix)
  return db
    .selectFrom('groups')
    .select(columns)
    .where('name', '>', query.after)
    .$if(range !== undefined, (select) =>
      select.where('name', '>=', range?.from ?? '').where('name', '<', range?.before ?? ''),
    )
    .$if(query.source !== undefined, (select) => select.where('source', '=', query.source ?? ''))
    .$if(query.role !== undefined, (select) => select.where('role', '=', query.role ?? 'none'))
    .orderBy('name')
    .limit(query.limit)
    .execute()
}

/** `false` when the name is taken, or another group stands for the same one outside. */
export async function insertGroup(tx: Transaction, group: StoredGroup): Promise<boolean> {
  const row = await tx
    .insertInto('groups')
    .values({
      id: group.id,
      name: group.name,
      source: group.source,
      external_name: group.externalName,
      role: group.role,
      created_at: group.createdAt,
      version: group.version,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Changes what is given and counts the version up. */
export async function updateGroup(
  tx: Transaction,
  id: string,
  change: { name?: string | undefined; role?: InstanceRole | undefined },
): Promise<void> {
  const values: Updateable<Schema['groups']> = {}
  if (change.name !== undefined) values.name = change.name
  if (change.role !== undefined) values.role = change.role
  await tx
    .updateTable('groups')
    .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

/** Removes the group, its place in projects and, by the foreign key, its list of members. */
export async function removeGroup(tx: Transaction, id: string): Promise<void> {
  await tx
    .deleteFrom('members')
    .where('subject_kind', '=', 'group')
    .where('subject_id', '=', id)
    .execute()
  await tx.deleteFrom('groups').where('id', '=', id).execute()
}

/** `false` when the user is in the group already. */
export async function insertGroupMember(
  tx: Transaction,
  member: { groupId: string; userId: string; createdAt: string },
): Promise<boolean> {
  const row = await tx
    .insertInto('group_members')
    .values({ group_id: member.groupId, user_id: member.userId, created_at: member.createdAt })
    .onConflict((conflict) => conflict.columns(['user_id', 'group_id']).doNothing())
    .returning('group_id')
    .executeTakeFirst()
  return row !== undefined
}

/** `false` when the user was not in the group. */
export async function removeGroupMember(
  tx: Transaction,
  member: { groupId: string; userId: string },
): Promise<boolean> {
  const result = await tx
    .deleteFrom('group_members')
    .where('user_id', '=', member.userId)
    .where('group_id', '=', member.groupId)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** The users of a group by name, after `after` in byte order. */
export function listGroupMembers(
  db: Executor,
  groupId: string,
  page: { limit: number; after: string },
): Promise<{ name: string; displayName: string | null; addedAt: string }[]> {
  return db
    .selectFrom('group_members')
    .innerJoin('users', 'users.id', 'group_members.user_id')
    .select([
      'users.name',
      'users.display_name as displayName',
      'group_members.created_at as addedAt',
    ])
    .where('group_id', '=', groupId)
    .where('users.name', '>', page.after)
    .orderBy('users.name')
    .limit(page.limit)
    .execute()
}

/** The groups that a user is in, by name; with `limit`, no more than so many. */
export function listGroupsOfUser(
  db: Executor,
  userId: string,
  limit?: number,
): Promise<StoredGroup[]> {
  return db
    .selectFrom('groups')
    .select(columns)
    .where('id', 'in', (eb) =>
      eb.selectFrom('group_members').select('group_id').where('user_id', '=', userId),
    )
    .orderBy('name')
    .$if(limit !== undefined, (builder) => builder.limit(limit ?? 0))
    .execute()
}

/** Those of the groups that are known here. At most a few hundred names come from a directory. */
export async function findExternalGroups(
  db: Executor,
  source: string,
  externalNames: readonly string[],
): Promise<StoredGroup[]> {
  const found: StoredGroup[] = []
  await inPortions([...new Set(externalNames)], async (portion) => {
    found.push(
      ...(await db
        .selectFrom('groups')
        .select(columns)
        .where('source', '=', source)
        .where('external_name', 'in', portion)
        .execute()),
    )
  })
  return found
}
