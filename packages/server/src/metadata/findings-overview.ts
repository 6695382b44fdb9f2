import { type Severity, severities } from '@berth/scanner/finding.ts'
import { sql } from 'kysely'
import type { Executor } from './database.ts'
import { idList } from './name-range.ts'
import { isOneOf, isWithinProject } from './ranges.ts'
import type { ImagesTable } from './scan-schema.ts'

export type TaggedImage = Pick<
  ImagesTable,
  | 'digest'
  | 'state'
  | 'platform'
  | 'end_of_life'
  | 'critical'
  | 'high'
  | 'medium'
  | 'low'
  | 'negligible'
  | 'unknown'
  | 'worst_score'
> & { repository_id: number }

/** Images of these repositories that a tag leads to, right or through an index, the worst first. */
export async function taggedImagesOf(
  db: Executor,
  repositories: readonly number[],
  limit: number,
): Promise<TaggedImage[]> {
  const isOne = isOneOf(db, sql.ref('tags.repository_id'), repositories)
  const result = await sql<TaggedImage>`
    with tagged as (
      select tags.repository_id, tags.manifest_digest as digest from tags where ${isOne}
      union
      select tags.repository_id, manifest_references.digest from tags
      join manifest_references on manifest_references.repository_id = tags.repository_id
        and manifest_references.manifest_digest = tags.manifest_digest
      where ${isOne}
    )
    select tagged.repository_id, images.digest, images.state, images.platform, images.end_of_life,
      images.critical, images.high, images.medium, images.low, images.negligible, images.unknown,
      images.worst_score
    from tagged join images on images.digest = tagged.digest
    where images.state <> 'unsupported'
    order by images.worst_score desc, images.critical desc, images.high desc, images.digest
    limit ${limit}`.execute(db)
  return result.rows
}

/** The sum of a column of `finding_counts`; 0 of no rows. */
export function sumOf(severity: Severity) {
  return sql<number>`cast(coalesce(sum(${sql.ref(severity)}), 0) as bigint)`.as(severity)
}

/** How many findings of each severity are open in these repositories, or in all. */
export async function countOpen(
  db: Executor,
  repositories: 'all' | readonly number[],
): Promise<Record<Severity, number>> {
  return db
    .selectFrom('finding_counts')
    .select(() => severities.map(sumOf))
    .$if(repositories !== 'all', (builder) =>
      builder.where('repository_id', 'in', idList(db, repositories === 'all' ? [] : repositories)),
    )
    .$castTo<Record<Severity, number>>()
    .executeTakeFirstOrThrow()
}

/** How many open findings are due from `from` on and before `before`, `limit` at most. */
export async function countDue(
  db: Executor,
  query: { repositories: 'all' | readonly number[]; from: string; before: string; limit: number },
): Promise<number> {
  const { repositories, from, before, limit } = query
  const { rows } = await sql<{ count: number }>`select count(*) as count from (
    select 1 from tracked_findings
    where closed_at is null and due_at is not null and due_at >= ${from} and due_at < ${before}
      and ${repositories === 'all' ? sql`true` : isOneOf(db, sql.ref('repository_id'), repositories)}
    limit ${limit}) as due`.execute(db)
  return rows[0]?.count ?? 0
}

export type MendableFinding = {
  kind: string
  name: string
  vulnerability: string
  fixed_version: string
  image_digest: string
  score: number
}

/** Findings of these images, 500 at most, that a version mends, the highest score first. */
export function mendableFindings(
  db: Executor,
  digests: readonly string[],
  limit: number,
): Promise<MendableFinding[]> {
  if (digests.length === 0) return Promise.resolve([])
  return db
    .selectFrom('image_packages')
    .innerJoin('package_findings', 'package_findings.package_id', 'image_packages.package_id')
    .innerJoin('packages', 'packages.id', 'image_packages.package_id')
    .select([
      'packages.kind',
      'packages.name',
      'package_findings.vulnerability',
      'package_findings.fixed_version',
      'image_packages.image_digest',
      'package_findings.score',
    ])
    .where('image_packages.image_digest', 'in', digests)
    .where('package_findings.fixed_version', 'is not', null)
    .orderBy('package_findings.score', 'desc')
    .limit(limit)
    .$castTo<MendableFinding>()
    .execute()
}

/** How many images there are in each state, and of those catalogued how many are of a distribution that ended before `today`. */
export async function countImages(db: Executor, today: string) {
  const rows = await db
    .selectFrom('images')
    .select([
      'state',
      (eb) => eb.fn.countAll<number>().as('count'),
      sql<number>`cast(sum(case when end_of_life < ${today} then 1 else 0 end) as bigint)`.as(
        'ended',
      ),
    ])
    .groupBy('state')
    .execute()
  const of = (state: ImagesTable['state']) => rows.find((row) => row.state === state)
  return {
    catalogued: of('catalogued')?.count ?? 0,
    waiting: of('waiting')?.count ?? 0,
    failed: of('failed')?.count ?? 0,
    endOfLife: of('catalogued')?.ended ?? 0,
  }
}

/** Images with findings, the worst first, whether a tag leads to them or not. */
export function worstImages(
  db: Executor,
  limit: number,
): Promise<Omit<TaggedImage, 'repository_id'>[]> {
  return db
    .selectFrom('images')
    .select(['digest', 'state', 'platform', 'end_of_life', 'worst_score', ...severities])
    .where('worst_score', '>', 0)
    .orderBy('worst_score', 'desc')
    .orderBy('critical', 'desc')
    .orderBy('high', 'desc')
    .orderBy('digest', 'desc')
    .limit(limit)
    .execute()
}

/** Tags that lead to an image, right or through an index, by name. */
export async function tagsLeadingTo(
  db: Executor,
  repositoryId: number,
  digest: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('tags')
    .select('tags.name')
    .where('tags.repository_id', '=', repositoryId)
    .where((eb) =>
      eb.or([
        eb('tags.manifest_digest', '=', digest),
        eb(
          'tags.manifest_digest',
          'in',
          eb
            .selectFrom('manifest_references')
            .select('manifest_references.manifest_digest')
            .where('manifest_references.repository_id', '=', repositoryId)
            .where('manifest_references.digest', '=', digest),
        ),
      ]),
    )
    .orderBy('tags.name')
    .limit(limit)
    .execute()
  return rows.map((row) => row.name)
}

/** Repositories in a project and below it by id; the root is ''. */
export function repositoriesWithin(
  db: Executor,
  query: { project: string; after: number; limit: number },
): Promise<{ id: number; name: string }[]> {
  return db
    .selectFrom('repositories')
    .select(['id', 'name'])
    .where('id', '>', query.after)
    .where(isWithinProject(query.project))
    .orderBy('id')
    .limit(query.limit)
    .execute()
}
