import type { TagName } from '@berth/oci/reference.ts'
import type { Database, Transaction } from './database.ts'

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

/** Points a tag at a manifest; returns the digest it pointed at before, `undefined` for a new tag. */
export async function setTag(
  tx: Transaction,
  tag: { repository: number; name: TagName; digest: string; now: string },
): Promise<string | undefined> {
  const before = await tx
    .selectFrom('tags')
    .select('manifest_digest')
    .where('repository_id', '=', tag.repository)
    .where('name', '=', tag.name)
    .executeTakeFirst()
  await tx
    .insertInto('tags')
    .values({
      repository_id: tag.repository,
      name: tag.name,
      manifest_digest: tag.digest,
      created_at: tag.now,
      updated_at: tag.now,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'name'])
        .doUpdateSet({ manifest_digest: tag.digest, updated_at: tag.now }),
    )
    .execute()
  return before?.manifest_digest
}

/** Removes a tag; returns the digest it pointed at, `undefined` when there was no such tag. */
export async function deleteTag(
  tx: Transaction,
  repositoryId: number,
  name: TagName,
): Promise<string | undefined> {
  const row = await tx
    .deleteFrom('tags')
    .where('repository_id', '=', repositoryId)
    .where('name', '=', name)
    .returning('manifest_digest')
    .executeTakeFirst()
  return row?.manifest_digest
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
