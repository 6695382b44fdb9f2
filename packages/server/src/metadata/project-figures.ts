import { type Severity, severities } from '@berth/scanner/finding.ts'
import { sql } from 'kysely'
import { type Executor, type Transaction, inPortions } from './database.ts'
import { sumOf } from './findings-overview.ts'
import type { ProjectFiguresTable } from './figures-schema.ts'
import { lockRows } from './row-lock.ts'
import { currentSum } from './usage.ts'

export type FigureRow = ProjectFiguresTable

/** A project with what it and all below it hold now, and what was counted of it last. */
export type ProjectWithFigures = {
  id: number
  name: string
  quotaBytes: number | null
  quotaRepositories: number | null
  /** As in `usage_totals`, a few seconds old: lists by size go by it. */
  booked: number
  bytes: number
  repositories: number
  figures: FigureRow | undefined
}

const figureColumns = ['unique_bytes', 'shared_bytes', 'measured_at', ...severities] as const

function select(db: Executor) {
  return db
    .selectFrom('projects')
    .leftJoin('usage_totals', 'usage_totals.project_id', 'projects.id')
    .leftJoin('project_figures', 'project_figures.project_id', 'projects.id')
    .select([
      'projects.id',
      'projects.name',
      'projects.quota_bytes as quotaBytes',
      'projects.quota_repositories as quotaRepositories',
      'usage_totals.bytes as booked',
      ...figureColumns.map((column) => `project_figures.${column}` as const),
    ])
    .select([currentSum('bytes').as('bytes'), currentSum('repositories').as('repositories')])
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number]

/** Those of these projects, 500 at most, that exist. */
export async function projectsWithFigures(
  db: Executor,
  names: readonly string[],
): Promise<ProjectWithFigures[]> {
  if (names.length === 0) return []
  const rows = await select(db).where('projects.name', 'in', names).execute()
  return rows.map(toProject)
}

/** Projects below the root, the largest first or by name; those after `after` only. */
export async function listProjectsByUsage(
  db: Executor,
  query: {
    sort: 'size' | 'name'
    parentId: number | undefined
    after: { booked: number; id: number; name: string } | undefined
    limit: number
  },
): Promise<ProjectWithFigures[]> {
  const { sort, parentId, after } = query
  const rows = await select(db)
    .where('projects.name', '>', sort === 'name' ? (after?.name ?? '') : '')
    .where('usage_totals.project_id', 'is not', null)
    .$if(parentId !== undefined, (builder) =>
      builder.where('projects.parent_id', '=', parentId ?? 0),
    )
    .$if(sort === 'size' && after !== undefined, (builder) =>
      builder.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('usage_totals.bytes', 'usage_totals.project_id'),
          '<',
          tuple(after?.booked ?? 0, after?.id ?? 0),
        ),
      ),
    )
    .$if(sort === 'size', (builder) =>
      builder.orderBy('usage_totals.bytes', 'desc').orderBy('usage_totals.project_id', 'desc'),
    )
    .$if(sort === 'name', (builder) => builder.orderBy('projects.name'))
    .limit(query.limit)
    .execute()
  return rows.map(toProject)
}

function toProject(row: Row): ProjectWithFigures {
  const { id, name, quotaBytes, quotaRepositories, bytes, repositories, measured_at: at } = row
  const figures: FigureRow | undefined =
    at === null
      ? undefined
      : {
          project_id: id,
          unique_bytes: row.unique_bytes ?? 0,
          shared_bytes: row.shared_bytes ?? 0,
          measured_at: at,
          ...severityFigures((severity) => row[severity] ?? 0),
        }
  return {
    id,
    name,
    quotaBytes,
    quotaRepositories,
    booked: row.booked ?? 0,
    bytes,
    repositories,
    figures,
  }
}

/** Each project with the one above it. */
export async function projectParents(db: Executor): Promise<Map<number, number | null>> {
  const rows = await db.selectFrom('projects').select(['id', 'parent_id']).execute()
  return new Map(rows.map((row) => [row.id, row.parent_id]))
}

export type BlobHolder = { digest: string; size: number; repositoryId: number; projectId: number }

/** Which repositories of which projects hold a blob, by digest and repository; those after `after` only. */
export async function blobHolders(
  db: Executor,
  query: { after: { digest: string; repositoryId: number }; limit: number },
): Promise<BlobHolder[]> {
  const { digest, repositoryId } = query.after
  const { rows } = await sql<BlobHolder>`
    select held.digest, blobs.size, held.repository_id as "repositoryId",
      repositories.project_id as "projectId"
    from (
      select digest, repository_id from repository_blobs
      where digest >= ${digest} and (digest, repository_id) > (${digest}, ${repositoryId})
      order by digest, repository_id limit ${query.limit}
    ) as held
    join blobs on blobs.digest = held.digest
    join repositories on repositories.id = held.repository_id
    order by held.digest, held.repository_id`.execute(db)
  return rows
}

/** Open findings of repositories by id after `after`, with their project. */
export function findingCountsByProject(
  db: Executor,
  query: { after: number; limit: number },
): Promise<({ repository_id: number; project_id: number } & Record<Severity, number>)[]> {
  return db
    .selectFrom('finding_counts')
    .innerJoin('repositories', 'repositories.id', 'finding_counts.repository_id')
    .selectAll('finding_counts')
    .select('repositories.project_id')
    .where('finding_counts.repository_id', '>', query.after)
    .orderBy('finding_counts.repository_id')
    .limit(query.limit)
    .execute()
}

/** Open findings right in a project, as they are now; `undefined` when it has more than `most` repositories. */
export async function countFindingsNow(
  db: Executor,
  query: { projectId: number; most: number },
): Promise<Record<Severity, number> | undefined> {
  const own = db
    .selectFrom('repositories')
    .select('id')
    .where('project_id', '=', query.projectId)
    .limit(query.most + 1)
  const counted = await db
    .selectFrom(own.as('own'))
    .leftJoin('finding_counts', 'finding_counts.repository_id', 'own.id')
    .select((eb) => eb.fn.countAll<number>().as('repositories'))
    .select(() => severities.map(sumOf))
    .executeTakeFirstOrThrow()
  if (counted.repositories > query.most) return undefined
  return severityFigures((severity) => counted[severity])
}

/** Writes what was counted, of projects that are still there. */
export async function saveProjectFigures(
  tx: Transaction,
  figures: readonly FigureRow[],
): Promise<void> {
  await inPortions(figures, async (portion) => {
    const ids = portion.map((row) => row.project_id)
    const held = await lockRows(
      tx,
      tx.selectFrom('projects').select('id').where('id', 'in', ids).orderBy('id'),
      'keep',
    ).execute()
    const there = new Set(held.map(({ id }) => id))
    const rows = portion.filter((row) => there.has(row.project_id))
    if (rows.length === 0) return
    await tx
      .insertInto('project_figures')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('project_id')
          .doUpdateSet((eb) =>
            Object.fromEntries(figureColumns.map((name) => [name, eb.ref(`excluded.${name}`)])),
          ),
      )
      .execute()
  })
}

function severityFigures(read: (severity: Severity) => number): Record<Severity, number> {
  return {
    critical: read('critical'),
    high: read('high'),
    medium: read('medium'),
    low: read('low'),
    negligible: read('negligible'),
    unknown: read('unknown'),
  }
}
