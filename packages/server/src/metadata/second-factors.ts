import type { Database, Executor, PreparedRead, Transaction } from './database.ts'

export type StoredSecondFactor = {
  userId: string
  /** Encrypted, see `access/second-factor-codes.ts`. */
  secret: string
  /** `null` until the first code has shown that the app has the secret. */
  confirmedAt: string | null
  lastStep: number
  createdAt: string
}

const columns = [
  'user_id as userId',
  'secret',
  'confirmed_at as confirmedAt',
  'last_step as lastStep',
  'created_at as createdAt',
] as const

/** The read that follows every right password. */
export function prepareSecondFactor(
  database: Database,
): PreparedRead<{ userId: string }, StoredSecondFactor> {
  return database.prepare<{ userId: string }, StoredSecondFactor>((db, p) =>
    db.selectFrom('second_factors').select(columns).where('user_id', '=', p('userId')),
  )
}

export function findSecondFactor(
  db: Executor,
  userId: string,
): Promise<StoredSecondFactor | undefined> {
  return db
    .selectFrom('second_factors')
    .select(columns)
    .where('user_id', '=', userId)
    .executeTakeFirst()
}

/** Takes the place of one that was not confirmed; `false`, and nothing changed, when there is a confirmed one. */
export async function savePendingSecondFactor(
  tx: Transaction,
  factor: { userId: string; secret: string; createdAt: string },
): Promise<boolean> {
  const row = await tx
    .insertInto('second_factors')
    .values({
      user_id: factor.userId,
      secret: factor.secret,
      confirmed_at: null,
      last_step: 0,
      created_at: factor.createdAt,
    })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet({ secret: factor.secret, last_step: 0, created_at: factor.createdAt })
        .where('second_factors.confirmed_at', 'is', null),
    )
    .returning('user_id')
    .executeTakeFirst()
  return row !== undefined
}

/** `false` when this secret is no longer the one that waits for confirmation. */
export async function confirmSecondFactor(
  tx: Transaction,
  factor: { userId: string; secret: string; step: number; confirmedAt: string },
): Promise<boolean> {
  const row = await tx
    .updateTable('second_factors')
    .set({ confirmed_at: factor.confirmedAt, last_step: factor.step })
    .where('user_id', '=', factor.userId)
    .where('secret', '=', factor.secret)
    .where('confirmed_at', 'is', null)
    .returning('user_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Uses up a time step and all before it; `false` when it was used already. */
export async function takeStep(tx: Transaction, userId: string, step: number): Promise<boolean> {
  const row = await tx
    .updateTable('second_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .returning('user_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Removes it with its recovery codes; `false` when there is none. */
export async function removeSecondFactor(tx: Transaction, userId: string): Promise<boolean> {
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute()
  const result = await tx
    .deleteFrom('second_factors')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** The codes of before are void. */
export async function replaceRecoveryCodes(
  tx: Transaction,
  userId: string,
  hashes: readonly string[],
): Promise<void> {
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute()
  await tx
    .insertInto('recovery_codes')
    .values(hashes.map((hash) => ({ user_id: userId, code_hash: hash })))
    .execute()
}

/** Uses up a code; `false` when there is no such code, or no more. */
export async function takeRecoveryCode(
  tx: Transaction,
  userId: string,
  hash: string,
): Promise<boolean> {
  const result = await tx
    .deleteFrom('recovery_codes')
    .where('user_id', '=', userId)
    .where('code_hash', '=', hash)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

export async function countRecoveryCodes(db: Executor, userId: string): Promise<number> {
  const { held } = await db
    .selectFrom('recovery_codes')
    .select((eb) => eb.fn.countAll<number>().as('held'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  return held
}
