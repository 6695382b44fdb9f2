import type { Database, Executor, PreparedRead, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type StoredSession = {
  id: string
  /** SHA-256 of the secret in the cookie, in hex. */
  secretHash: string
  userId: string
  method: string
  address: string
  userAgent: string
  createdAt: string
  lastUsedAt: string
  /** When it ends unless it is used again before. */
  expiresAt: string
}

const columns = [
  'id',
  'secret_hash as secretHash',
  'user_id as userId',
  'method',
  'address',
  'user_agent as userAgent',
  'created_at as createdAt',
  'last_used_at as lastUsedAt',
  'expires_at as expiresAt',
] as const

/** The read that every request with a cookie makes. */
export function prepareSession(
  database: Database,
): PreparedRead<{ secretHash: string }, StoredSession> {
  return database.prepare<{ secretHash: string }, StoredSession>((db, p) =>
    db.selectFrom('sessions').select(columns).where('secret_hash', '=', p('secretHash')),
  )
}

/**
 * The user's name, and the row is locked until the transaction ends: `undefined` when the user is disabled, gone, or has
 * another password than the one that was checked (`undefined`: none was). So no session comes out of what is being
 * taken away at the same moment.
 */
export async function lockSigningIn(
  tx: Transaction,
  userId: string,
  passwordHash: string | undefined,
): Promise<string | undefined> {
  const unchanged = tx
    .selectFrom('users')
    .select('name')
    .where('id', '=', userId)
    .where('disabled_at', 'is', null)
    .$if(passwordHash !== undefined, (select) =>
      select.where('password_hash', '=', passwordHash ?? ''),
    )
  const row = await lockRows(tx, unchanged, 'change').executeTakeFirst()
  return row?.name
}

export async function insertSession(tx: Transaction, session: StoredSession): Promise<void> {
  await tx
    .insertInto('sessions')
    .values({
      id: session.id,
      secret_hash: session.secretHash,
      user_id: session.userId,
      method: session.method,
      address: session.address,
      user_agent: session.userAgent,
      created_at: session.createdAt,
      last_used_at: session.lastUsedAt,
      expires_at: session.expiresAt,
    })
    .execute()
}

/** Does nothing when the session is gone: one that was ended stays ended. */
export async function touchSession(
  tx: Transaction,
  id: string,
  times: { lastUsedAt: string; expiresAt: string },
): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ last_used_at: times.lastUsedAt, expires_at: times.expiresAt })
    .where('id', '=', id)
    .execute()
}

/** Those of a user that have not ended, the newest first; at most 100 are kept, so it is one list. */
export function listSessions(db: Executor, userId: string, now: string): Promise<StoredSession[]> {
  return db
    .selectFrom('sessions')
    .select(columns)
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(1000)
    .execute()
}

/** `false` when the user has no such session. */
export async function removeSession(tx: Transaction, userId: string, id: string): Promise<boolean> {
  const result = await tx
    .deleteFrom('sessions')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/**
 * Ends all of a user's sessions, but for the one that `except` names; answers how many. It belongs in every transaction
 * that disables a user or changes the password.
 */
export async function removeSessionsOfUser(
  tx: Transaction,
  userId: string,
  except?: string,
): Promise<number> {
  const result = await tx
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .$if(except !== undefined, (remove) => remove.where('id', '!=', except ?? ''))
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Beyond `keep` the oldest of the user's sessions end. */
export async function trimSessions(tx: Transaction, userId: string, keep: number): Promise<void> {
  const surplus = await tx
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .offset(keep)
    .limit(100)
    .execute()
  for (const { id } of surplus) await removeSession(tx, userId, id)
}

/** Removes up to `limit` sessions that ended by themselves; answers how many. */
export async function removeExpiredSessions(
  tx: Transaction,
  now: string,
  limit: number,
): Promise<number> {
  const result = await tx
    .deleteFrom('sessions')
    .where('id', 'in', (eb) =>
      eb.selectFrom('sessions').select('id').where('expires_at', '<=', now).limit(limit),
    )
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
