import { sql } from 'kysely'
import type { Database, PreparedRead, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

/** The one read that tells whether anything about who may do what has changed since it was last looked up. */
export function prepareAccessEpoch(database: Database): PreparedRead<object, { value: number }> {
  return database.prepare<object, { value: number }>((db) =>
    db.selectFrom('access_epoch').select('value').where('id', '=', 1),
  )
}

/** Call it in every transaction that changes users, groups, members, projects, rules, robots or keys. */
export async function bumpAccessEpoch(tx: Transaction): Promise<void> {
  await tx
    .updateTable('access_epoch')
    .set({ value: sql<number>`value + 1` })
    .where('id', '=', 1)
    .execute()
}

/** The epoch, held until the transaction ends: what is decided by it still holds when the transaction commits. */
export async function holdAccessEpoch(tx: Transaction): Promise<number> {
  const row = await lockRows(
    tx,
    tx.selectFrom('access_epoch').select('value').where('id', '=', 1),
    'hold',
  ).executeTakeFirstOrThrow()
  return row.value
}
