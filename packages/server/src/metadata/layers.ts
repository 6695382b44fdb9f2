import { sql } from 'kysely'
import type { BoundedCount } from './browse.ts'
import type { Executor } from './database.ts'
import { isOneOf } from './ranges.ts'

const countMax = 1000
const parentsMax = 20

/** Those of the digests, 500 at most, that the repository has as blobs. */
export async function storedBlobs(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<Set<string>> {
  if (digests.length === 0) return new Set()
  const rows = await db
    .selectFrom('repository_blobs')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', digests)
    .execute()
  return new Set(rows.map(({ digest }) => digest))
}

/** How many repositories of these projects hold the blob; the first 1,000 that hold it are looked at. */
export async function countHolders(
  db: Executor,
  digest: string,
  projects: 'all' | readonly number[],
): Promise<BoundedCount> {
  const isReadable =
    projects === 'all' ? sql`true` : isOneOf(db, sql`repositories.project_id`, projects)
  const { rows } = await sql<{ seen: number; counted: number }>`
    select count(*) as seen, coalesce(sum(case when ${isReadable} then 1 else 0 end), 0) as counted
    from (select repository_id from repository_blobs where digest = ${digest}
      limit ${countMax + 1}) as holders
    join repositories on repositories.id = holders.repository_id`.execute(db)
  const { seen = 0, counted = 0 } = rows[0] ?? {}
  return { count: Math.min(counted, countMax), isMore: seen > countMax }
}

/** How many manifests of the repository refer to the digest, counted to 1,000. */
export async function countUsers(
  db: Executor,
  repositoryId: number,
  digest: string,
): Promise<BoundedCount> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from (
    select manifest_digest from manifest_references
    where repository_id = ${repositoryId} and digest = ${digest}
    limit ${countMax + 1}) as users`.execute(db)
  const count = rows[0]?.count ?? 0
  return { count: Math.min(count, countMax), isMore: count > countMax }
}

/** Some manifests of the repository that refer to the digest. */
export function manifestsUsing(
  db: Executor,
  repositoryId: number,
  digest: string,
): Promise<{ media_type: string; payload: Uint8Array }[]> {
  return db
    .selectFrom('manifest_references')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.repository_id', '=', 'manifest_references.repository_id')
        .onRef('manifests.digest', '=', 'manifest_references.manifest_digest'),
    )
    .select(['manifests.media_type', 'manifests.payload'])
    .where('manifest_references.repository_id', '=', repositoryId)
    .where('manifest_references.digest', '=', digest)
    .limit(parentsMax)
    .execute()
}
