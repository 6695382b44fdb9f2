import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Transaction } from './database.ts'

/** What an event adds to the figures of a repository. `pushedAt` is empty when nothing was pushed. */
export type FigureChange = {
  readonly bytes: number
  readonly tags: number
  readonly pushedAt: string
}

/** Adds to the figures of a repository. It takes no lock that another push would wait for. */
export async function addFigures(
  tx: Transaction,
  repositoryId: number,
  change: FigureChange,
): Promise<void> {
  await tx
    .insertInto('repository_deltas')
    .values({
      repository_id: repositoryId,
      bytes: change.bytes,
      tags: change.tags,
      pushed_at: change.pushedAt,
    })
    .execute()
}

/** The folded figure and what came since, of the row of `repositories` around it. */
export function currentFigure(column: 'size' | 'tag_count'): RawBuilder<number> {
  const delta = sql.ref(column === 'size' ? 'bytes' : 'tags')
  return sql<number>`repositories.${sql.ref(column)} + cast(coalesce((
    select sum(${delta}) from repository_deltas where repository_id = repositories.id), 0) as bigint)`
}

/** When something was pushed last, the empty text when never, of the row of `repositories` around it. */
export function currentPushTime(): RawBuilder<string> {
  const since = sql`coalesce((
    select max(repository_deltas.pushed_at) from repository_deltas
    where repository_id = repositories.id), '')`
  return sql<string>`case when ${since} > repositories.pushed_at then ${since} else repositories.pushed_at end`
}

/**
 * Moves up to `limit` changes into the figures; returns how many. Several nodes may do so at once: each takes other rows,
 * and rows that are not committed yet are left for the next turn.
 */
export async function foldFigures(tx: Transaction, limit: number): Promise<number> {
  const isPostgres = tx.getExecutor().adapter instanceof PostgresAdapter
  const taken = await tx
    .deleteFrom('repository_deltas')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('repository_deltas')
        .select('id')
        .orderBy('id')
        .limit(limit)
        .$if(isPostgres, (query) => query.forUpdate().skipLocked()),
    )
    .returning(['repository_id', 'bytes', 'tags', 'pushed_at'])
    .execute()
  const sums = new Map<number, { bytes: number; tags: number; pushedAt: string }>()
  for (const { repository_id: id, bytes, tags, pushed_at: at } of taken) {
    const sum = sums.get(id) ?? { bytes: 0, tags: 0, pushedAt: '' }
    sum.bytes += bytes
    sum.tags += tags
    if (at > sum.pushedAt) sum.pushedAt = at
    sums.set(id, sum)
  }
  // In order, so that two nodes cannot hold each other up.
  for (const [id, sum] of [...sums].toSorted(([a], [b]) => a - b)) {
    await tx
      .updateTable('repositories')
      .set((eb) => ({
        size: eb('size', '+', sum.bytes),
        tag_count: eb('tag_count', '+', sum.tags),
        pushed_at: later('pushed_at', sum.pushedAt),
      }))
      .where('id', '=', id)
      .execute()
  }
  return taken.length
}

/** The later of the column and a time. */
function later(column: string, time: string): RawBuilder<string> {
  const stored = sql.ref(column)
  return sql<string>`case when ${stored} < cast(${time} as text) then cast(${time} as text) else ${stored} end`
}
