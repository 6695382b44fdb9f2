import type { Executor, Transaction } from './database.ts'

export type StoredRoot = {
  readonly name: string
  readonly document: string
  readonly createdAt: string
  readonly createdBy: string
}

/** By name; an instance has a handful. */
export function listRoots(db: Executor): Promise<StoredRoot[]> {
  return db
    .selectFrom('trusted_roots')
    .select(['name', 'document', 'created_at as createdAt', 'created_by as createdBy'])
    .orderBy('name')
    .execute()
}

/** Adds a root, or takes the place of the former one of this name. */
export async function putRoot(tx: Transaction, root: StoredRoot): Promise<void> {
  const { name, document } = root
  const stored = { document, created_at: root.createdAt, created_by: root.createdBy }
  await tx
    .insertInto('trusted_roots')
    .values({ name, ...stored })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(stored))
    .execute()
}

/** `false` when there is none of this name. */
export async function deleteRoot(tx: Transaction, name: string): Promise<boolean> {
  const result = await tx.deleteFrom('trusted_roots').where('name', '=', name).executeTakeFirst()
  return result.numDeletedRows > 0n
}
