import { bumpAccessEpoch } from './access-epoch.ts'
import type { Transaction } from './database.ts'

/**
 * Puts a stronger hash of the same password in the place of an older one; `false` when it is no longer there. Counts the
 * access epoch up: what was read of the user before names the older hash.
 */
export async function replacePasswordHash(
  tx: Transaction,
  userId: string,
  hashes: { before: string; after: string },
): Promise<boolean> {
  await bumpAccessEpoch(tx)
  const row = await tx
    .updateTable('users')
    .set({ password_hash: hashes.after })
    .where('id', '=', userId)
    .where('password_hash', '=', hashes.before)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
