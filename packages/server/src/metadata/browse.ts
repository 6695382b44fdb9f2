import { type AliasedSelectQueryBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'

/** A count that stopped at a limit when `isMore`. */
export type BoundedCount = { count: number; isMore: boolean }

export type ManifestListing = {
  digest: string
  media_type: string
  artifact_type: string | null
  size: number
  subject_digest: string | null
  created_at: string
}

export const countMax = 10_000

/** Manifests, the newest first; those after `after` only. */
export function listManifests(
  db: Executor,
  query: {
    repository: string
    after: { created_at: string; digest: string } | undefined
    limit: number
  },
): Promise<ManifestListing[]> {
  const { after } = query
  return manifestListings(db, query.repository)
    .$if(after !== undefined, (builder) =>
      builder.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('manifests.created_at', 'manifests.digest'),
          '<',
          tuple(after?.created_at ?? '', after?.digest ?? ''),
        ),
      ),
    )
    .orderBy('manifests.created_at', 'desc')
    .orderBy('manifests.digest', 'desc')
    .limit(query.limit)
    .execute()
}

export function readManifestListing(
  db: Executor,
  repository: string,
  digest: string,
): Promise<ManifestListing | undefined> {
  return manifestListings(db, repository).where('manifests.digest', '=', digest).executeTakeFirst()
}

function manifestListings(db: Executor, repository: string) {
  return db
    .selectFrom('repositories')
    .innerJoin('manifests', 'manifests.repository_id', 'repositories.id')
    .select([
      'manifests.digest',
      'manifests.media_type',
      'manifests.artifact_type',
      'manifests.size',
      'manifests.subject_digest',
      'manifests.created_at',
    ])
    .where('repositories.name', '=', repository)
}

/** Names of the tags on each of these manifests, in order, at most `limit` each. */
export async function tagsOn(
  db: Executor,
  repository: string,
  digests: readonly string[],
  limit: number,
): Promise<Map<string, string[]>> {
  const tags = new Map<string, string[]>()
  for (const digest of digests) {
    const rows = await db
      .selectFrom('repositories')
      .innerJoin('tags', 'tags.repository_id', 'repositories.id')
      .select('tags.name')
      .where('repositories.name', '=', repository)
      .where('tags.manifest_digest', '=', digest)
      .orderBy('tags.name')
      .limit(limit)
      .execute()
    tags.set(
      digest,
      rows.map((row) => row.name),
    )
  }
  return tags
}

/** Bytes of the blobs and manifests that these manifests refer to and that are there, each once. */
export async function referencedSize(
  db: Executor,
  repository: string,
  manifests: readonly string[],
): Promise<number> {
  if (manifests.length === 0) return 0
  const result = await sql<{ bytes: number | null }>`
    select cast(sum(found.size) as bigint) as bytes from (
      select distinct manifest_references.digest,
        coalesce(blobs.size, manifests.size) as size
      from repositories
      join manifest_references on manifest_references.repository_id = repositories.id
      left join repository_blobs on repository_blobs.repository_id = repositories.id
        and repository_blobs.digest = manifest_references.digest
      left join blobs on blobs.digest = repository_blobs.digest
      left join manifests on manifests.repository_id = repositories.id
        and manifests.digest = manifest_references.digest
      where repositories.name = ${repository}
        and manifest_references.manifest_digest in (${sql.join([...manifests])})
    ) as found`.execute(db)
  return result.rows[0]?.bytes ?? 0
}

/** As `referencedSize`, of each of these manifests with those that it lists: an index with all of its images. */
export async function treeSizes(
  db: Executor,
  repositoryId: number,
  manifests: readonly string[],
): Promise<Map<string, number>> {
  if (manifests.length === 0) return new Map()
  const roots = sql.join([...manifests])
  const { rows } = await sql<{ root: string; bytes: number }>`
    select reached.root, cast(sum(coalesce(blobs.size, manifests.size, 0)) as bigint) as bytes
    from (
      select manifest_digest as root, digest from manifest_references
      where repository_id = ${repositoryId} and manifest_digest in (${roots})
      union
      select listing.manifest_digest as root, listed.digest
      from manifest_references as listing
      join manifest_references as listed on listed.repository_id = ${repositoryId}
        and listed.manifest_digest = listing.digest
      where listing.repository_id = ${repositoryId} and listing.manifest_digest in (${roots})
    ) as reached
    left join repository_blobs on repository_blobs.repository_id = ${repositoryId}
      and repository_blobs.digest = reached.digest
    left join blobs on blobs.digest = repository_blobs.digest
    left join manifests on manifests.repository_id = ${repositoryId}
      and manifests.digest = reached.digest
    group by reached.root`.execute(db)
  return new Map(rows.map(({ root, bytes }) => [root, bytes]))
}

/** The bytes of these manifests themselves, by digest; 500 at most. */
export async function manifestPayloads(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<Map<string, Uint8Array>> {
  if (digests.length === 0) return new Map()
  const rows = await db
    .selectFrom('manifests')
    .select(['digest', 'payload'])
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', digests)
    .execute()
  return new Map(rows.map(({ digest, payload }) => [digest, payload]))
}

/** How many manifests have this subject, counted to a limit. */
export function countReferrers(
  db: Executor,
  repository: string,
  subject: string,
): Promise<BoundedCount> {
  return countUpTo(
    db,
    db
      .selectFrom('repositories')
      .innerJoin('manifests', 'manifests.repository_id', 'repositories.id')
      .select('manifests.digest')
      .where('repositories.name', '=', repository)
      .where('manifests.subject_digest', '=', subject)
      .limit(countMax + 1)
      .as('counted'),
  )
}

/** Rows of the large tables, each counted to a limit: the cost does not grow with the store. */
export async function countEverything(
  db: Executor,
): Promise<
  Record<
    'projects' | 'repositories' | 'manifests' | 'tags' | 'users' | 'damagedBlobs',
    BoundedCount
  >
> {
  const limit = countMax + 1
  return {
    // The root is not one that anybody made.
    projects: await countUpTo(
      db,
      db.selectFrom('projects').select('id').where('id', '>', 1).limit(limit).as('counted'),
    ),
    repositories: await countUpTo(
      db,
      db.selectFrom('repositories').select('id').limit(limit).as('counted'),
    ),
    manifests: await countUpTo(
      db,
      db.selectFrom('manifests').select('digest').limit(limit).as('counted'),
    ),
    tags: await countUpTo(db, db.selectFrom('tags').select('name').limit(limit).as('counted')),
    users: await countUpTo(db, db.selectFrom('users').select('id').limit(limit).as('counted')),
    damagedBlobs: await countUpTo(
      db,
      db
        .selectFrom('blobs')
        .select('digest')
        .where('damage', 'is not', null)
        .limit(limit)
        .as('counted'),
    ),
  }
}

/** `rows` is limited to `countMax + 1`, one more than is counted. */
export async function countUpTo<Row>(
  db: Executor,
  rows: AliasedSelectQueryBuilder<Row, 'counted'>,
): Promise<BoundedCount> {
  const { count } = await db
    .selectFrom(rows)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return { count: Math.min(count, countMax), isMore: count > countMax }
}
