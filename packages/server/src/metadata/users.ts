import type { Updateable } from 'kysely'
import type { InstanceRole } from '../actor.ts'
import type { Database, Executor, PreparedRead, Transaction } from './database.ts'
import { namesFrom } from './name-range.ts'
import { lockRows } from './row-lock.ts'
import type { Schema } from './schema.ts'

export type StoredUser = {
  id: string
  name: string
  /** `''` for one who has no password here. */
  passwordHash: string
  role: InstanceRole
  disabledAt: string | null
  createdAt: string
  displayName: string | null
  email: string | null
  /** `local`, `htpasswd`, `ldap` or `oidc:<provider>`. */
  source: string
  externalId: string | null
  version: number
}

/** With the table's name, so that a join can select them too. */
export const userColumns = [
  'users.id as id',
  'users.name as name',
  'users.password_hash as passwordHash',
  'users.role as role',
  'users.disabled_at as disabledAt',
  'users.created_at as createdAt',
  'users.display_name as displayName',
  'users.email as email',
  'users.source as source',
  'users.external_id as externalId',
  'users.version as version',
] as const

/** The read that every request with a token makes. */
export function prepareUserById(database: Database): PreparedRead<{ id: string }, StoredUser> {
  return database.prepare<{ id: string }, StoredUser>((db, p) =>
    db.selectFrom('users').select(userColumns).where('id', '=', p('id')),
  )
}

/** The read that every request with a password makes. */
export function prepareUserByName(database: Database): PreparedRead<{ name: string }, StoredUser> {
  return database.prepare<{ name: string }, StoredUser>((db, p) =>
    db.selectFrom('users').select(userColumns).where('name', '=', p('name')),
  )
}

export function findUserByName(db: Executor, name: string): Promise<StoredUser | undefined> {
  return db.selectFrom('users').select(userColumns).where('name', '=', name).executeTakeFirst()
}

export function findUserById(db: Executor, id: string): Promise<StoredUser | undefined> {
  return db.selectFrom('users').select(userColumns).where('id', '=', id).executeTakeFirst()
}

/** Who this is that a directory or provider tells of. */
export function findUserByExternalId(
  db: Executor,
  source: string,
  externalId: string,
): Promise<StoredUser | undefined> {
  return db
    .selectFrom('users')
    .select(userColumns)
    .where('source', '=', source)
    .where('external_id', '=', externalId)
    .executeTakeFirst()
}

/** Users in the order of `sort`, beginning after `after`; two who were created at once follow by id. */
export function listUsers(
  db: Executor,
  query: {
    readonly limit: number
    readonly sort:
      | { readonly by: 'name'; readonly after: string }
      | {
          readonly by: 'createdAt'
          readonly after: { readonly createdAt: string; readonly id: string }
        }
    readonly prefix?: string | undefined
    readonly role?: InstanceRole | undefined
    readonly source?: string | undefined
    readonly disabled?: boolean | undefined
  },
): Promise<StoredUser[]> {
  const { sort, prefix, role, source, disabled } = query
  const range = prefix === undefined || prefix === '' ? undefined : namesFrom(prefix)
  return db
    .selectFrom('users')
    .select(userColumns)
    .$if(range !== undefined, (select) =>
      select.where('name', '>=', range?.from ?? '').where('name', '<', range?.before ?? ''),
    )
    .$if(role !== undefined, (select) => select.where('role', '=', role ?? 'none'))
    .$if(source !== undefined, (select) => select.where('source', '=', source ?? ''))
    .$if(disabled !== undefined, (select) =>
      select.where('disabled_at', disabled ? 'is not' : 'is', null),
    )
    .$call((select) => {
      if (sort.by === 'name') return select.where('name', '>', sort.after).orderBy('name')
      const { createdAt, id } = sort.after
      return select
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('users.created_at', 'users.id'), '>', tuple(createdAt, id)),
        )
        .orderBy('users.created_at')
        .orderBy('users.id')
    })
    .limit(query.limit)
    .execute()
}

export async function hasAdministrator(db: Executor): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** `false` when the name is taken. */
export async function insertUser(tx: Transaction, user: StoredUser): Promise<boolean> {
  const row = await tx
    .insertInto('users')
    .values({
      id: user.id,
      name: user.name,
      password_hash: user.passwordHash,
      role: user.role,
      disabled_at: user.disabledAt,
      created_at: user.createdAt,
      display_name: user.displayName,
      email: user.email,
      source: user.source,
      external_id: user.externalId,
      version: user.version,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Changes what is given and counts the version up. */
export async function updateUser(
  tx: Transaction,
  id: string,
  change: {
    name?: string | undefined
    passwordHash?: string | undefined
    role?: InstanceRole | undefined
    disabledAt?: string | null | undefined
    displayName?: string | null | undefined
    email?: string | null | undefined
  },
): Promise<void> {
  const values: Updateable<Schema['users']> = {}
  if (change.name !== undefined) values.name = change.name
  if (change.passwordHash !== undefined) values.password_hash = change.passwordHash
  if (change.role !== undefined) values.role = change.role
  if (change.disabledAt !== undefined) values.disabled_at = change.disabledAt
  if (change.displayName !== undefined) values.display_name = change.displayName
  if (change.email !== undefined) values.email = change.email
  await tx
    .updateTable('users')
    .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

/** Notes that name and groups were taken from the source just now. No news to anyone: the version stays. */
export async function touchSync(tx: Transaction, id: string, now: string): Promise<void> {
  await tx.updateTable('users').set({ synced_at: now }).where('id', '=', id).execute()
}

/** Removes the user, their place in projects and, by the foreign keys, all they hold: logins, keys, groups. */
export async function removeUser(tx: Transaction, id: string): Promise<void> {
  await tx
    .deleteFrom('members')
    .where('subject_kind', '=', 'user')
    .where('subject_id', '=', id)
    .execute()
  await tx.deleteFrom('users').where('id', '=', id).execute()
}

/**
 * Ends every login of the user: stored ones, browser sessions but the one to keep, and what a device waits for. Answers
 * with how many of the first two there were.
 */
export async function removeLogins(
  tx: Transaction,
  userId: string,
  keepSessionId?: string,
): Promise<number> {
  const stored = await tx
    .deleteFrom('refresh_tokens')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  const sessions = await tx
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .$if(keepSessionId !== undefined, (remove) => remove.where('id', '!=', keepSessionId ?? ''))
    .executeTakeFirst()
  await tx.deleteFrom('device_authorizations').where('user_id', '=', userId).execute()
  return Number(stored.numDeletedRows + sessions.numDeletedRows)
}

/**
 * The ids of all administrators who can log in, locked until the transaction ends: when two transactions each
 * take away one of the last two, the second waits and sees what the first did.
 */
export async function lockEnabledAdministrators(tx: Transaction): Promise<string[]> {
  const administrators = tx
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .orderBy('id')
  const rows = await lockRows(tx, administrators, 'change').execute()
  return rows.map((row) => row.id)
}

/**
 * Locks the user until the transaction ends, if they are still enabled and still have this password.
 * So nothing is granted on the strength of a password that is being changed at the same moment.
 */
export async function lockUser(
  tx: Transaction,
  user: { id: string; passwordHash: string },
): Promise<boolean> {
  const unchanged = tx
    .selectFrom('users')
    .select('id')
    .where('id', '=', user.id)
    .where('password_hash', '=', user.passwordHash)
    .where('disabled_at', 'is', null)
  const row = await lockRows(tx, unchanged, 'change').executeTakeFirst()
  return row !== undefined
}
