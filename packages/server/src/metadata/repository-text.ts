import { PostgresAdapter } from 'kysely'
import type { Transaction } from './database.ts'

/**
 * What is written about a repository, locked against other changes of it until the transaction ends; pushes go on.
 * `undefined` when there is no such repository.
 */
export function lockRepositoryText(
  tx: Transaction,
  id: number,
): Promise<{ description: string; version: number } | undefined> {
  const isPostgres = tx.getExecutor().adapter instanceof PostgresAdapter
  return tx
    .selectFrom('repositories')
    .select(['description', 'version'])
    .where('id', '=', id)
    .$if(isPostgres, (query) => query.forNoKeyUpdate())
    .executeTakeFirst()
}

/** Changes what is given and counts the version up; a `readme` of `null` removes it. */
export async function updateRepositoryText(
  tx: Transaction,
  id: number,
  { description, readme }: { description?: string | undefined; readme?: string | null | undefined },
): Promise<void> {
  await tx
    .updateTable('repositories')
    .set((eb) => ({
      version: eb('version', '+', 1),
      ...(description !== undefined && { description }),
    }))
    .where('id', '=', id)
    .execute()
  if (readme === null) {
    await tx.deleteFrom('repository_readmes').where('repository_id', '=', id).execute()
  } else if (readme !== undefined) {
    await tx
      .insertInto('repository_readmes')
      .values({ repository_id: id, readme })
      .onConflict((conflict) => conflict.column('repository_id').doUpdateSet({ readme }))
      .execute()
  }
}
