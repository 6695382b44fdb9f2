import { sql } from 'kysely'
import { type Executor, type Transaction, inPortions } from './database.ts'
import type { InstanceTrendsTable } from './figures-schema.ts'
import type { FindingTrendsTable } from './scan-schema.ts'
import { idList } from './name-range.ts'

export type TrendRow = FindingTrendsTable

const counted = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const

/** What repositories with ids after `after` have open now, and what came and went since `since`. */
export async function countTracked(
  db: Executor,
  query: { after: number; limit: number; since: string },
): Promise<Omit<TrendRow, 'day'>[]> {
  const ids = await db
    .selectFrom('repositories')
    .select('id')
    .where('id', '>', query.after)
    .orderBy('id')
    .limit(query.limit)
    .execute()
  const last = ids.at(-1)
  if (!last) return []
  const sums = counted.map((severity) =>
    sql<number>`sum(case when closed_at is null and severity = ${severity} then 1 else 0 end)`.as(
      severity,
    ),
  )
  const rows = await db
    .selectFrom('tracked_findings')
    .select('repository_id')
    .select(() => [
      ...sums,
      sql<number>`sum(case when first_seen_at >= ${query.since} then 1 else 0 end)`.as('opened'),
      sql<number>`sum(case when closed_at >= ${query.since} then 1 else 0 end)`.as('closed'),
    ])
    .where('repository_id', '>', query.after)
    .where('repository_id', '<=', last.id)
    .groupBy('repository_id')
    .execute()
  const found = new Map(rows.map((row) => [row.repository_id, numbersOf(row)]))
  return ids.map(({ id }) => found.get(id) ?? numbersOf({ repository_id: id }))
}

function numbersOf(row: Partial<Record<keyof TrendRow, unknown>>): Omit<TrendRow, 'day'> {
  const number = (name: keyof TrendRow) => Number(row[name] ?? 0)
  return {
    repository_id: number('repository_id'),
    critical: number('critical'),
    high: number('high'),
    medium: number('medium'),
    low: number('low'),
    negligible: number('negligible'),
    unknown: number('unknown'),
    opened: number('opened'),
    closed: number('closed'),
  }
}

/** Notes the figures of a day, in place of those noted before. */
export async function saveTrends(tx: Transaction, rows: readonly TrendRow[]): Promise<void> {
  await inPortions(rows, (portion) =>
    tx
      .insertInto('finding_trends')
      .values(portion)
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'day']).doUpdateSet((eb) => ({
          critical: eb.ref('excluded.critical'),
          high: eb.ref('excluded.high'),
          medium: eb.ref('excluded.medium'),
          low: eb.ref('excluded.low'),
          negligible: eb.ref('excluded.negligible'),
          unknown: eb.ref('excluded.unknown'),
          opened: eb.ref('excluded.opened'),
          closed: eb.ref('excluded.closed'),
        })),
      )
      .execute(),
  )
}

/** Sums by day of the repositories in a project and below it, from `since` on. */
export async function readTrend(
  db: Executor,
  query: { repositories: readonly number[]; since: string },
): Promise<Omit<TrendRow, 'repository_id'>[]> {
  const rows = await db
    .selectFrom('finding_trends')
    .select('finding_trends.day')
    .select((eb) => [
      eb.fn.sum<number>('critical').as('critical'),
      eb.fn.sum<number>('high').as('high'),
      eb.fn.sum<number>('medium').as('medium'),
      eb.fn.sum<number>('low').as('low'),
      eb.fn.sum<number>('negligible').as('negligible'),
      eb.fn.sum<number>('unknown').as('unknown'),
      eb.fn.sum<number>('opened').as('opened'),
      eb.fn.sum<number>('closed').as('closed'),
    ])
    .where('repository_id', 'in', idList(db, query.repositories))
    .where('finding_trends.day', '>=', query.since)
    .groupBy('finding_trends.day')
    .orderBy('finding_trends.day')
    .execute()
  return rows.map((row) => ({ ...numbersOf(row), day: row.day }))
}

/** Sums by day of the whole instance, from `since` on. */
export function readInstanceTrend(db: Executor, since: string): Promise<InstanceTrendsTable[]> {
  return db
    .selectFrom('instance_trends')
    .selectAll()
    .where('day', '>=', since)
    .orderBy('day')
    .execute()
}

/** Notes the figures of a day of the whole instance, in place of those noted before. */
export async function saveInstanceTrend(tx: Transaction, row: InstanceTrendsTable): Promise<void> {
  await tx
    .insertInto('instance_trends')
    .values(row)
    .onConflict((conflict) => conflict.column('day').doUpdateSet(row))
    .execute()
}

/** Removes figures of days before `day`. */
export async function deleteTrends(tx: Transaction, day: string): Promise<void> {
  await tx.deleteFrom('instance_trends').where('day', '<', day).execute()
  await tx.deleteFrom('finding_trends').where('day', '<', day).execute()
}
