import { sql } from 'kysely'
import type { Database, Executor } from './database.ts'

const countedMax = 101

/** The time of the database, in milliseconds since 1970; that of SQLite is that of this machine. */
export async function databaseTime(database: Database): Promise<number> {
  const now =
    database.kind === 'sqlite'
      ? sql<{ ms: number }>`select unixepoch('subsec') * 1000 as ms`
      : sql<{ ms: number }>`select extract(epoch from clock_timestamp()) * 1000 as ms`
  const { rows } = await now.execute(database.read)
  return Number(rows[0]?.ms)
}

/** Jobs that failed for good since then, of these names or any; counted up to 101. */
export async function countFailedJobs(
  db: Executor,
  query: { since: string; names: readonly string[] | undefined },
): Promise<number> {
  const { since, names } = query
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where('state', '=', 'failed')
    .where('finished_at', '>=', since)
    .$if(names !== undefined, (builder) => builder.where('name', 'in', names ?? []))
    .limit(countedMax)
    .execute()
  return rows.length
}

/** When the oldest scan that is due was asked for; `undefined` when none is. */
export async function oldestWaitingScan(db: Executor, now: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('jobs')
    .select('created_at')
    .where('state', '=', 'waiting')
    .where('name', '=', 'scan-image')
    .where('run_at', '<=', now)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst()
  return row?.created_at
}
