import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Database, Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

/** A repository with the project that its name puts it in. */
export type RepositoryRow = {
  readonly id: number
  readonly name: RepositoryName
  readonly projectId: number
}

const rowColumns = ['id', 'name', 'project_id as projectId'] as const

export type RepositoryReads = ReturnType<typeof prepareRepositoryReads>

export function prepareRepositoryReads(database: Database) {
  return {
    find: database.prepare<{ name: string }, { id: number }>((db, p) =>
      db.selectFrom('repositories').select('id').where('name', '=', p('name')),
    ),
    name: database.prepare<{ id: number }, { name: string }>((db, p) =>
      db.selectFrom('repositories').select('name').where('id', '=', p('id')),
    ),
    /** Those after `after` in byte order. */
    page: database.prepare<{ after: string; limit: number }, RepositoryRow>((db, p) =>
      db
        .selectFrom('repositories')
        .select(rowColumns)
        .where('name', '>', p('after'))
        .orderBy('name')
        .limit(p('limit'))
        .$castTo<RepositoryRow>(),
    ),
    /** As `page`, of one project without those below it. */
    pageOfProject: database.prepare<
      { project: number; after: string; limit: number },
      RepositoryRow
    >((db, p) =>
      db
        .selectFrom('repositories')
        .select(rowColumns)
        .where('project_id', '=', p('project'))
        .where('name', '>', p('after'))
        .orderBy('name')
        .limit(p('limit'))
        .$castTo<RepositoryRow>(),
    ),
  }
}

/**
 * The repository, creating it in the project that `place` tells when it is new; held against removal until the
 * transaction ends. A throw of `place` leaves nothing behind.
 */
export async function ensureRepository(
  tx: Transaction,
  name: RepositoryName,
  now: string,
  place: () => Promise<number>,
): Promise<RepositoryRow & { isNew: boolean }> {
  // A second turn is needed only when collection removed the empty repository in between.
  for (;;) {
    const found = await lockRows(
      tx,
      tx.selectFrom('repositories').select(rowColumns).where('name', '=', name),
      'keep',
    )
      .$castTo<RepositoryRow>()
      .executeTakeFirst()
    if (found) return { ...found, isNew: false }
    const created = await tx
      .insertInto('repositories')
      .values({ name, created_at: now, project_id: await place() })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning(rowColumns)
      .$castTo<RepositoryRow>()
      .executeTakeFirst()
    if (created) return { ...created, isNew: true }
  }
}

/** An existing repository, or `undefined`. */
export function findRepository(
  tx: Executor,
  name: RepositoryName,
): Promise<RepositoryRow | undefined> {
  return tx
    .selectFrom('repositories')
    .select(rowColumns)
    .where('name', '=', name)
    .$castTo<RepositoryRow>()
    .executeTakeFirst()
}

/** As `findRepository`, for one who has its id from a row. */
export function findRepositoryById(tx: Executor, id: number): Promise<RepositoryRow | undefined> {
  return tx
    .selectFrom('repositories')
    .select(rowColumns)
    .where('id', '=', id)
    .$castTo<RepositoryRow>()
    .executeTakeFirst()
}

/** Removes a repository that holds no blob and no manifest, and returns it. `undefined` when it holds something, or is gone. */
export async function removeEmptyRepository(
  tx: Transaction,
  id: number,
): Promise<RepositoryRow | undefined> {
  const locked = await lockRows(
    tx,
    tx.selectFrom('repositories').select('id').where('id', '=', id),
    'change',
  ).executeTakeFirst()
  if (!locked) return undefined
  return tx
    .deleteFrom('repositories')
    .where('id', '=', id)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('repository_blobs').select('digest').where('repository_id', '=', id))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('manifests').select('digest').where('repository_id', '=', id))),
    )
    .returning(rowColumns)
    .$castTo<RepositoryRow>()
    .executeTakeFirst()
}
