import type { Executor, Transaction } from './database.ts'
import { type StoredUser, userColumns } from './users.ts'

type StoredRefreshToken = {
  /** SHA-256 of the token, in hex: the token itself is not kept. */
  tokenHash: string
  userId: string
  clientId: string
  createdAt: string
  lastUsedAt: string
  expiresAt: string
}

export async function insertRefreshToken(
  tx: Transaction,
  token: StoredRefreshToken,
): Promise<void> {
  await tx
    .insertInto('refresh_tokens')
    .values({
      token_hash: token.tokenHash,
      user_id: token.userId,
      client_id: token.clientId,
      created_at: token.createdAt,
      last_used_at: token.lastUsedAt,
      expires_at: token.expiresAt,
    })
    .execute()
}

/** The token and the user it belongs to, whether or not either may still be used. */
export async function findRefreshToken(
  db: Executor,
  tokenHash: string,
): Promise<{ lastUsedAt: string; expiresAt: string; user: StoredUser } | undefined> {
  const row = await db
    .selectFrom('refresh_tokens')
    .innerJoin('users', 'users.id', 'refresh_tokens.user_id')
    .select([
      'refresh_tokens.last_used_at as lastUsedAt',
      'refresh_tokens.expires_at as expiresAt',
      ...userColumns,
    ])
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  if (!row) return undefined
  const { lastUsedAt, expiresAt, ...user } = row
  return { lastUsedAt, expiresAt, user }
}

/** Does nothing when the token is gone: a revoked token stays revoked. */
export async function touchRefreshToken(
  tx: Transaction,
  tokenHash: string,
  times: { lastUsedAt: string; expiresAt: string },
): Promise<void> {
  await tx
    .updateTable('refresh_tokens')
    .set({ last_used_at: times.lastUsedAt, expires_at: times.expiresAt })
    .where('token_hash', '=', tokenHash)
    .execute()
}

/** Removes all of a user's tokens; returns how many there were. */
export async function removeRefreshTokens(tx: Transaction, userId: string): Promise<number> {
  const result = await tx
    .deleteFrom('refresh_tokens')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Removes a user's expired tokens, and beyond `keep` those that were used longest ago. */
export async function trimRefreshTokens(
  tx: Transaction,
  userId: string,
  limits: { now: string; keep: number },
): Promise<void> {
  await tx
    .deleteFrom('refresh_tokens')
    .where('user_id', '=', userId)
    .where('expires_at', '<=', limits.now)
    .execute()
  const { held } = await tx
    .selectFrom('refresh_tokens')
    .select((eb) => eb.fn.countAll<number>().as('held'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  const surplus = held - limits.keep
  if (surplus <= 0) return
  await tx
    .deleteFrom('refresh_tokens')
    .where('token_hash', 'in', (eb) =>
      eb
        .selectFrom('refresh_tokens')
        .select('token_hash')
        .where('user_id', '=', userId)
        .orderBy('last_used_at')
        .orderBy('token_hash')
        .limit(surplus),
    )
    .execute()
}
