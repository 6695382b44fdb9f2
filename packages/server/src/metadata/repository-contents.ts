import type { Digest } from '@berth/oci/digest.ts'
import type { Executor } from './database.ts'

/** Some manifests of a repository. */
export async function manifestDigests(
  db: Executor,
  repositoryId: number,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('manifests')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .limit(limit)
    .execute()
  return rows.map((row) => row.digest)
}

/** Some blobs of a repository. */
export async function linkedBlobs(
  db: Executor,
  repositoryId: number,
  limit: number,
): Promise<Digest[]> {
  const rows = await db
    .selectFrom('repository_blobs')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .limit(limit)
    .$castTo<{ digest: Digest }>()
    .execute()
  return rows.map((row) => row.digest)
}

/** Tags after `after` in byte order with what they point at. */
export function tagsToDelete(
  db: Executor,
  repositoryId: number,
  after: string,
  limit: number,
): Promise<{ name: string; digest: string }[]> {
  return db
    .selectFrom('tags')
    .select(['name', 'manifest_digest as digest'])
    .where('repository_id', '=', repositoryId)
    .where('name', '>', after)
    .orderBy('name')
    .limit(limit)
    .execute()
}
