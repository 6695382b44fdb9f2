import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import { holdAccessEpoch } from './access-epoch.ts'
import type { Executor, Transaction } from './database.ts'

/** What is in a project and all below it: bytes as often as repositories hold them, and the repositories. */
export type Usage = { readonly bytes: number; readonly repositories: number }

/** A project that sets a limit of its own, with its usage at this moment. */
export type LimitedUsage = Usage & {
  readonly project: string
  readonly quotaBytes: number | null
  readonly quotaRepositories: number | null
}

/** Adds a delta to each of these projects. It takes no lock: those who push at once do not wait for one another. */
export async function addUsage(
  tx: Transaction,
  projects: readonly string[],
  change: Usage,
): Promise<void> {
  await tx
    .insertInto('usage_deltas')
    .columns(['project_id', 'bytes', 'repositories'])
    .expression((eb) =>
      eb
        .selectFrom('projects')
        .select([
          'id',
          sql<number>`cast(${change.bytes} as bigint)`.as('bytes'),
          sql<number>`cast(${change.repositories} as bigint)`.as('repositories'),
        ])
        .where('name', 'in', projects),
    )
    .execute()
}

/** Those of the projects that set a limit, the nearest first. One statement, so totals and deltas are of one moment. */
export function limitedUsage(db: Executor, projects: readonly string[]): Promise<LimitedUsage[]> {
  return db
    .selectFrom('projects')
    .select(['name as project', 'quota_bytes as quotaBytes'])
    .select('quota_repositories as quotaRepositories')
    .select([currentSum('bytes').as('bytes'), currentSum('repositories').as('repositories')])
    .where('name', 'in', projects)
    .where(({ or, eb }) =>
      or([eb('quota_bytes', 'is not', null), eb('quota_repositories', 'is not', null)]),
    )
    .orderBy('name', 'desc')
    .execute()
}

/** The usage of one project, or `undefined` without it. */
export function usageOf(
  db: Executor,
  projectId: number,
): Promise<(Usage & { readonly project: string }) | undefined> {
  return db
    .selectFrom('projects')
    .select('name as project')
    .select([currentSum('bytes').as('bytes'), currentSum('repositories').as('repositories')])
    .where('id', '=', projectId)
    .executeTakeFirst()
}

/** Folded total and what came since, of the row of `projects` around it. */
export function currentSum(column: 'bytes' | 'repositories'): RawBuilder<number> {
  const name = sql.ref(column)
  return sql<number>`coalesce((select ${name} from usage_totals where project_id = projects.id), 0)
    + cast(coalesce((select sum(${name}) from usage_deltas where project_id = projects.id), 0) as bigint)`
}

/**
 * Moves up to `limit` deltas into the totals; returns how many. Several nodes may do so at once: each takes other rows,
 * and rows that are not committed yet are left for the next turn.
 */
export async function foldUsage(tx: Transaction, limit: number): Promise<number> {
  // As long as it is held no project comes or goes.
  await holdAccessEpoch(tx)
  const isPostgres = tx.getExecutor().adapter instanceof PostgresAdapter
  const taken = await tx
    .deleteFrom('usage_deltas')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('usage_deltas')
        .select('id')
        .orderBy('id')
        .limit(limit)
        .$if(isPostgres, (query) => query.forUpdate().skipLocked()),
    )
    .returning(['project_id', 'bytes', 'repositories'])
    .execute()
  const sums = new Map<number, { project_id: number; bytes: number; repositories: number }>()
  for (const delta of taken) {
    const sum = sums.get(delta.project_id)
    if (!sum) sums.set(delta.project_id, { ...delta })
    else {
      sum.bytes += delta.bytes
      sum.repositories += delta.repositories
    }
  }
  // In order, so that two nodes cannot hold each other up.
  const totals = [...sums.values()].toSorted((a, b) => a.project_id - b.project_id)
  for (const total of totals) {
    await tx
      .insertInto('usage_totals')
      .values(total)
      .onConflict((conflict) =>
        conflict.column('project_id').doUpdateSet((eb) => ({
          bytes: eb('usage_totals.bytes', '+', eb.ref('excluded.bytes')),
          repositories: eb('usage_totals.repositories', '+', eb.ref('excluded.repositories')),
        })),
      )
      .execute()
  }
  return taken.length
}

/**
 * Sets a project's usage to what its own repositories hold and its sub-projects have. Nothing may be pushed or collected
 * meanwhile: the caller's transaction has counted up the access epoch.
 */
export async function recountUsage(tx: Transaction, projectId: number): Promise<Usage> {
  await tx.deleteFrom('usage_deltas').where('project_id', '=', projectId).execute()
  const own = await countRepositories(tx, projectId)
  const below = await tx
    .selectFrom('projects')
    .select([currentSum('bytes').as('bytes'), currentSum('repositories').as('repositories')])
    .where('parent_id', '=', projectId)
    .execute()
  const usage = [own, ...below].reduce((sum, part) => ({
    bytes: sum.bytes + part.bytes,
    repositories: sum.repositories + part.repositories,
  }))
  await tx
    .insertInto('usage_totals')
    .values({ project_id: projectId, ...usage })
    .onConflict((conflict) => conflict.column('project_id').doUpdateSet({ ...usage }))
    .execute()
  return usage
}

/** What the rows say of the repositories of this very project. */
async function countRepositories(tx: Transaction, projectId: number): Promise<Usage> {
  const total = (column: 'blobs.size' | 'manifests.size') =>
    sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`
  const blobs = await tx
    .selectFrom('repositories')
    .innerJoin('repository_blobs', 'repository_blobs.repository_id', 'repositories.id')
    .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
    .select(total('blobs.size').as('bytes'))
    .where('repositories.project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  const manifests = await tx
    .selectFrom('repositories')
    .innerJoin('manifests', 'manifests.repository_id', 'repositories.id')
    .select(total('manifests.size').as('bytes'))
    .where('repositories.project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  const { count } = await tx
    .selectFrom('repositories')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  return { bytes: blobs.bytes + manifests.bytes, repositories: count }
}
