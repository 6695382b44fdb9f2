import { sql } from 'kysely'
import type { Executor } from './database.ts'
import { isOneOf } from './ranges.ts'
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

/** How many findings of each severity are open in these repositories. */
export async function countOpen(
  db: Executor,
  repositories: readonly number[],
): Promise<Map<string, number>> {
  const result = await sql<{ severity: string; count: number }>`
    select severity, count(*) as count from tracked_findings
    where closed_at is null and ${isOneOf(db, sql.ref('repository_id'), repositories)}
    group by severity`.execute(db)
  return new Map(result.rows.map(({ severity, count }) => [severity, count]))
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

/** Repositories in a project and below it, by id. */
export async function repositoriesWithin(
  db: Executor,
  query: { project: string; after: number; limit: number },
): Promise<{ id: number; name: string }[]> {
  const { project } = query
  const below = `${project}/`
  return db
    .selectFrom('repositories')
    .select(['id', 'name'])
    .where('id', '>', query.after)
    .where((eb) =>
      eb.or([
        eb('name', '=', project),
        // "/" is followed by "0" in byte order.
        eb.and([eb('name', '>=', below), eb('name', '<', `${project}0`)]),
      ]),
    )
    .orderBy('id')
    .limit(query.limit)
    .execute()
}
