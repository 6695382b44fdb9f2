import type { Role } from '../actor.ts'
import type { Database, Executor, PreparedRead, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type StoredUser = {
  id: string
  name: string
  passwordHash: string
  role: Role
  disabledAt: string | null
  createdAt: string
}

const columns = [
  'id',
  'name',
  'password_hash as passwordHash',
  'role',
  'disabled_at as disabledAt',
  'created_at as createdAt',
] as const

/** The read that every request with a token makes. */
export function prepareUserById(database: Database): PreparedRead<{ id: string }, StoredUser> {
  return database.prepare<{ id: string }, StoredUser>((db, p) =>
    db.selectFrom('users').select(columns).where('id', '=', p('id')),
  )
}

/** The read that every request with a password makes. */
export function prepareUserByName(database: Database): PreparedRead<{ name: string }, StoredUser> {
  return database.prepare<{ name: string }, StoredUser>((db, p) =>
    db.selectFrom('users').select(columns).where('name', '=', p('name')),
  )
}

export function findUserByName(db: Executor, name: string): Promise<StoredUser | undefined> {
  return db.selectFrom('users').select(columns).where('name', '=', name).executeTakeFirst()
}

/** Every user, by name. */
export function listUsers(db: Executor): Promise<StoredUser[]> {
  return db.selectFrom('users').select(columns).orderBy('name').execute()
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
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Changes what is given. */
export async function updateUser(
  tx: Transaction,
  id: string,
  change: { passwordHash?: string; role?: Role; disabledAt?: string | null },
): Promise<void> {
  await tx
    .updateTable('users')
    .set({
      ...(change.passwordHash !== undefined && { password_hash: change.passwordHash }),
      ...(change.role !== undefined && { role: change.role }),
      ...(change.disabledAt !== undefined && { disabled_at: change.disabledAt }),
    })
    .where('id', '=', id)
    .execute()
}

/** Removes the user and, by the foreign key, their refresh tokens. */
export async function removeUser(tx: Transaction, id: string): Promise<void> {
  await tx.deleteFrom('users').where('id', '=', id).execute()
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
