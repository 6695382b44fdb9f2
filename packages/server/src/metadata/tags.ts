import type { TagName } from '@berth/oci/reference.ts'
import type { Database, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'
import { versionKeyOf } from './version-key.ts'

export type TagReads = ReturnType<typeof prepareTagReads>

export function prepareTagReads(database: Database) {
  return {
    /** Tag names after `after` in byte order. */
    page: database.prepare<{ repository: number; after: string; limit: number }, { name: TagName }>(
      (db, p) =>
        db
          .selectFrom('tags')
          .select('name')
          .where('repository_id', '=', p('repository'))
          .where('name', '>', p('after'))
          .orderBy('name')
          .limit(p('limit'))
          .$castTo<{ name: TagName }>(),
    ),
  }
}

/**
 * Makes sure that there is a tag, pointing a new one at `digest`, and locks it; returns the digest that it pointed at
 * before, `undefined` for a new tag. Of two who set a new tag at once the second finds it there, and moves it.
 */
export async function claimTag(
  tx: Transaction,
  tag: { repository: number; name: TagName; digest: string; now: string },
): Promise<string | undefined> {
  // A second turn is needed only when somebody removed the tag in between.
  for (;;) {
    const before = await lockTag(tx, tag.repository, tag.name)
    if (before !== undefined) return before
    const inserted = await tx
      .insertInto('tags')
      .values({
        repository_id: tag.repository,
        name: tag.name,
        manifest_digest: tag.digest,
        version_key: versionKeyOf(tag.name),
        created_at: tag.now,
        updated_at: tag.now,
      })
      .onConflict((conflict) => conflict.columns(['repository_id', 'name']).doNothing())
      .executeTakeFirst()
    if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) return undefined
  }
}

/** Locks a tag; returns the digest it points at, `undefined` when there is no such tag. */
export async function lockTag(
  tx: Transaction,
  repositoryId: number,
  name: TagName,
): Promise<string | undefined> {
  const row = await lockRows(
    tx,
    tx
      .selectFrom('tags')
      .select('manifest_digest')
      .where('repository_id', '=', repositoryId)
      .where('name', '=', name),
    'change',
  ).executeTakeFirst()
  return row?.manifest_digest
}

/** Locks every tag on a manifest, in the order of their names. Lock the manifest first: then none can be added. */
export async function lockTagsOf(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<TagName[]> {
  const rows = await lockRows(
    tx,
    tx
      .selectFrom('tags')
      .select('name')
      .where('repository_id', '=', repositoryId)
      .where('manifest_digest', '=', digest)
      .orderBy('name'),
    'change',
  )
    .$castTo<{ name: TagName }>()
    .execute()
  return rows.map((row) => row.name)
}

/** Points a locked tag at another manifest. Set again to the same one, only its date changes. */
export async function moveTag(
  tx: Transaction,
  tag: { repository: number; name: TagName; digest: string; now: string },
): Promise<void> {
  await tx
    .updateTable('tags')
    .set({ manifest_digest: tag.digest, updated_at: tag.now })
    .where('repository_id', '=', tag.repository)
    .where('name', '=', tag.name)
    .execute()
}

export async function deleteTag(
  tx: Transaction,
  repositoryId: number,
  name: TagName,
): Promise<void> {
  await tx
    .deleteFrom('tags')
    .where('repository_id', '=', repositoryId)
    .where('name', '=', name)
    .execute()
}

export async function isTagged(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<boolean> {
  const row = await tx
    .selectFrom('tags')
    .select('name')
    .where('repository_id', '=', repositoryId)
    .where('manifest_digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
