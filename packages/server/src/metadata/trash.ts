import { type Executor, type Transaction, inPortions } from './database.ts'

export type TrashRow = { storage_key: string; size: number; reason: string; due_at: string }

/** Records objects that nothing names any more; they are removed after `due_at`, never before this commit. */
export async function addTrash(tx: Transaction, rows: readonly TrashRow[]): Promise<void> {
  await inPortions(rows, (portion) =>
    tx
      .insertInto('trash')
      .values(portion)
      .onConflict((conflict) => conflict.column('storage_key').doNothing())
      .execute(),
  )
}

export function dueTrash(db: Executor, now: string, limit: number): Promise<TrashRow[]> {
  return db
    .selectFrom('trash')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(limit)
    .execute()
}

export async function removeTrash(tx: Transaction, keys: readonly string[]): Promise<void> {
  await inPortions(keys, (portion) =>
    tx.deleteFrom('trash').where('storage_key', 'in', portion).execute(),
  )
}

/** Those of `keys` that some row names: a blob, an upload session or the trash. One statement, so one moment. */
export async function knownKeys(db: Executor, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const rows = await db
    .selectFrom('blobs')
    .select('storage_key')
    .where('storage_key', 'in', keys)
    .unionAll(
      db.selectFrom('upload_sessions').select('storage_key').where('storage_key', 'in', keys),
    )
    .unionAll(db.selectFrom('trash').select('storage_key').where('storage_key', 'in', keys))
    .execute()
  return new Set(rows.map((row) => row.storage_key))
}

/** Puts rows off to `dueAt`, so that objects which cannot be removed now do not hold up the others. */
export async function postponeTrash(
  tx: Transaction,
  keys: readonly string[],
  dueAt: string,
): Promise<void> {
  await inPortions(keys, (portion) =>
    tx.updateTable('trash').set({ due_at: dueAt }).where('storage_key', 'in', portion).execute(),
  )
}
