import type { Executor, Transaction } from './database.ts'

/** When the user last signed in from there, in ISO 8601; `undefined` when never, or too long ago to be kept. */
export async function findKnownAddress(
  db: Executor,
  userId: string,
  address: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('known_addresses')
    .select('last_used_at')
    .where('user_id', '=', userId)
    .where('address', '=', address)
    .executeTakeFirst()
  return row?.last_used_at
}

/**
 * Keeps an address at which the user has just signed in, and beyond `keep` forgets those unused for longest. Does nothing
 * when the user is gone.
 */
export async function rememberAddress(
  tx: Transaction,
  userId: string,
  address: string,
  limits: { now: string; keep: number },
): Promise<void> {
  await tx
    .insertInto('known_addresses')
    .columns(['user_id', 'address', 'last_used_at'])
    .expression((eb) =>
      eb
        .selectFrom('users')
        .select((row) => [
          'id',
          row.val(address).as('address'),
          row.val(limits.now).as('last_used_at'),
        ])
        .where('id', '=', userId),
    )
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'address']).doUpdateSet({ last_used_at: limits.now }),
    )
    .execute()
  const surplus = await tx
    .selectFrom('known_addresses')
    .select('address')
    .where('user_id', '=', userId)
    .orderBy('last_used_at', 'desc')
    .orderBy('address')
    .offset(limits.keep)
    .limit(100)
    .execute()
  if (surplus.length === 0) return
  await tx
    .deleteFrom('known_addresses')
    .where('user_id', '=', userId)
    .where(
      'address',
      'in',
      surplus.map((row) => row.address),
    )
    .execute()
}

/** Removes up to `limit` that were last used before `before`; answers how many. */
export async function removeUnusedAddresses(
  tx: Transaction,
  before: string,
  limit: number,
): Promise<number> {
  const old = await tx
    .selectFrom('known_addresses')
    .select(['user_id', 'address'])
    .where('last_used_at', '<', before)
    .limit(limit)
    .execute()
  for (const { user_id, address } of old) {
    await tx
      .deleteFrom('known_addresses')
      .where('user_id', '=', user_id)
      .where('address', '=', address)
      .where('last_used_at', '<', before)
      .execute()
  }
  return old.length
}
