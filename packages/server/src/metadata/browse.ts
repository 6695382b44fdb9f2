import { type AliasedSelectQueryBuilder, type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'
import { endOfPrefix, isOneOf } from './ranges.ts'

/** A count that stopped at a limit when `isMore`. */
export type BoundedCount = { count: number; isMore: boolean }

export type RepositoryListing = { name: string; project: string; created_at: string }

export type TagListing = {
  name: string
  digest: string
  media_type: string
  size: number
  created_at: string
  updated_at: string
}

export type ManifestListing = {
  digest: string
  media_type: string
  artifact_type: string | null
  size: number
  subject_digest: string | null
  created_at: string
}

const countMax = 10_000

/** Repositories by name, those after `after` only. `projects` narrows them to these ids, `within` to a project and below. */
export async function listRepositories(
  db: Executor,
  query: {
    projects: 'all' | readonly number[]
    within: string | undefined
    prefix: string | undefined
    after: string | undefined
    limit: number
  },
): Promise<RepositoryListing[]> {
  const { projects, within, prefix, after } = query
  const name = sql.ref('repositories.name')
  const conditions: RawBuilder<unknown>[] = [sql`true`]
  if (projects !== 'all') conditions.push(isOneOf(db, sql.ref('repositories.project_id'), projects))
  // "/" is followed by "0" in byte order.
  if (within !== undefined) {
    conditions.push(
      sql`${name} >= ${within} and ${name} < ${`${within}0`}`,
      sql`(${name} = ${within} or substr(${name}, ${within.length + 1}, 1) = '/')`,
    )
  }
  if (prefix !== undefined) {
    conditions.push(sql`${name} >= ${prefix} and ${name} < ${endOfPrefix(prefix)}`)
  }
  if (after !== undefined) conditions.push(sql`${name} > ${after}`)
  const result = await sql<RepositoryListing>`
    select repositories.name, projects.name as project, repositories.created_at
    from repositories join projects on projects.id = repositories.project_id
    where ${sql.join(conditions, sql` and `)}
    order by repositories.name limit ${query.limit}`.execute(db)
  return result.rows
}

/** What is known of one repository without counting far. */
export async function readRepository(
  db: Executor,
  name: string,
): Promise<
  | (RepositoryListing & { tags: BoundedCount; manifests: BoundedCount; pushed_at: string | null })
  | undefined
> {
  const row = await db
    .selectFrom('repositories')
    .innerJoin('projects', 'projects.id', 'repositories.project_id')
    .select([
      'repositories.id',
      'repositories.name',
      'repositories.created_at',
      'projects.name as project',
    ])
    .select((eb) => [
      eb
        .selectFrom('tags')
        .select((inner) => inner.fn.max('updated_at').as('at'))
        .whereRef('tags.repository_id', '=', 'repositories.id')
        .as('tagged_at'),
      eb
        .selectFrom('manifests')
        .select((inner) => inner.fn.max('created_at').as('at'))
        .whereRef('manifests.repository_id', '=', 'repositories.id')
        .as('added_at'),
    ])
    .where('repositories.name', '=', name)
    .executeTakeFirst()
  if (!row) return undefined
  const { id, tagged_at: taggedAt, added_at: addedAt, ...listing } = row
  const tags = db.selectFrom('tags').select('name').where('repository_id', '=', id)
  const manifests = db.selectFrom('manifests').select('digest').where('repository_id', '=', id)
  return {
    ...listing,
    pushed_at: (taggedAt ?? '') > (addedAt ?? '') ? taggedAt : addedAt,
    tags: await countUpTo(db, tags.limit(countMax + 1).as('counted')),
    manifests: await countUpTo(db, manifests.limit(countMax + 1).as('counted')),
  }
}

/** Tags by name, or with `newestFirst` by when they were last set; those after `after` only. */
export function listTags(
  db: Executor,
  query: {
    repository: string
    prefix: string | undefined
    newestFirst: boolean
    after: { updated_at: string; name: string } | undefined
    limit: number
  },
): Promise<TagListing[]> {
  const { prefix, newestFirst, after } = query
  return tagListings(db, query.repository)
    .$if(prefix !== undefined, (builder) =>
      builder
        .where('tags.name', '>=', prefix ?? '')
        .where('tags.name', '<', endOfPrefix(prefix ?? '')),
    )
    .$if(after !== undefined && !newestFirst, (builder) =>
      builder.where('tags.name', '>', after?.name ?? ''),
    )
    .$if(after !== undefined && newestFirst, (builder) =>
      builder.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('tags.updated_at', 'tags.name'),
          '<',
          tuple(after?.updated_at ?? '', after?.name ?? ''),
        ),
      ),
    )
    .$if(newestFirst, (builder) =>
      builder.orderBy('tags.updated_at', 'desc').orderBy('tags.name', 'desc'),
    )
    .$if(!newestFirst, (builder) => builder.orderBy('tags.name'))
    .limit(query.limit)
    .execute()
}

export function readTag(
  db: Executor,
  repository: string,
  tag: string,
): Promise<TagListing | undefined> {
  return tagListings(db, repository).where('tags.name', '=', tag).executeTakeFirst()
}

function tagListings(db: Executor, repository: string) {
  return db
    .selectFrom('repositories')
    .innerJoin('tags', 'tags.repository_id', 'repositories.id')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.repository_id', '=', 'tags.repository_id')
        .onRef('manifests.digest', '=', 'tags.manifest_digest'),
    )
    .select([
      'tags.name',
      'tags.manifest_digest as digest',
      'manifests.media_type',
      'manifests.size',
      'tags.created_at',
      'tags.updated_at',
    ])
    .where('repositories.name', '=', repository)
}

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

/** `rows` is limited to one more than is counted. */
async function countUpTo<Row>(
  db: Executor,
  rows: AliasedSelectQueryBuilder<Row, 'counted'>,
): Promise<BoundedCount> {
  const { count } = await db
    .selectFrom(rows)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return { count: Math.min(count, countMax), isMore: count > countMax }
}
