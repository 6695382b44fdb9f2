import type { Executor, Transaction } from './database.ts'
import type { SetupCodesTable } from './oversight-schema.ts'

export type SetupCode = SetupCodesTable

/** Adds a code and forgets all but the newest `keep`. */
export async function insertSetupCode(
  tx: Transaction,
  code: SetupCode,
  keep: number,
): Promise<void> {
  await tx.insertInto('setup_codes').values(code).execute()
  const surplus = (await listSetupCodes(tx)).slice(keep)
  for (const { code_hash } of surplus) {
    await tx.deleteFrom('setup_codes').where('code_hash', '=', code_hash).execute()
  }
}

/** The newest first, also those that have expired. */
export function listSetupCodes(db: Executor): Promise<SetupCode[]> {
  return db
    .selectFrom('setup_codes')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('code_hash')
    .execute()
}

/** From then on nobody takes this user over. */
export async function deleteSetupCodes(tx: Transaction, userId: string): Promise<void> {
  await tx.deleteFrom('setup_codes').where('user_id', '=', userId).execute()
}

/** Whether the user has ever signed in with a password, from anywhere. */
export async function hasSignedIn(db: Executor, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('known_addresses')
    .select('user_id')
    .where('user_id', '=', userId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
