import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Database, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type RepositoryReads = ReturnType<typeof prepareRepositoryReads>

export function prepareRepositoryReads(database: Database) {
  return {
    find: database.prepare<{ name: string }, { id: number }>((db, p) =>
      db.selectFrom('repositories').select('id').where('name', '=', p('name')),
    ),
    /** Names after `after` in byte order. */
    page: database.prepare<{ after: string; limit: number }, { name: string }>((db, p) =>
      db
        .selectFrom('repositories')
        .select('name')
        .where('name', '>', p('after'))
        .orderBy('name')
        .limit(p('limit')),
    ),
  }
}

/** The repository's id, creating it when it is new; held against removal until the transaction ends. */
export async function ensureRepository(
  tx: Transaction,
  name: RepositoryName,
  now: string,
): Promise<number> {
  // A second turn is needed only when collection removed the empty repository in between.
  for (;;) {
    const found = await lockRows(
      tx,
      tx.selectFrom('repositories').select('id').where('name', '=', name),
      'keep',
    ).executeTakeFirst()
    if (found) return found.id
    await tx
      .insertInto('repositories')
      .values({ name, created_at: now })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
  }
}

/** The id of an existing repository, or `undefined`. */
export async function findRepository(
  tx: Transaction,
  name: RepositoryName,
): Promise<number | undefined> {
  const row = await tx
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.id
}

/** Removes a repository that holds no blob and no manifest. `false` when it holds something. */
export async function removeEmptyRepository(tx: Transaction, id: number): Promise<boolean> {
  const locked = await lockRows(
    tx,
    tx.selectFrom('repositories').select('id').where('id', '=', id),
    'change',
  ).executeTakeFirst()
  if (!locked) return false
  const deleted = await tx
    .deleteFrom('repositories')
    .where('id', '=', id)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('repository_blobs').select('digest').where('repository_id', '=', id))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('manifests').select('digest').where('repository_id', '=', id))),
    )
    .executeTakeFirst()
  return deleted.numDeletedRows > 0n
}
