import { PostgresAdapter, type SelectQueryBuilder, sql } from 'kysely'
import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'
import type { JobState, JobsTable } from './schema.ts'

export type JobRow = JobsTable

const trimmedAtOnce = 500

/** Adds a waiting job; `false` when an unfinished one has the same dedupe key. */
export async function insertJob(
  tx: Transaction,
  job: Pick<
    JobRow,
    | 'id'
    | 'name'
    | 'payload'
    | 'priority'
    | 'max_attempts'
    | 'dedupe_key'
    | 'run_at'
    | 'requested_by'
    | 'created_at'
  >,
): Promise<boolean> {
  const result = await tx
    .insertInto('jobs')
    .values({ ...job, state: 'waiting', attempts: 0, cancel_requested: 0 })
    .onConflict((conflict) =>
      conflict.column('dedupe_key').where('dedupe_key', 'is not', null).doNothing(),
    )
    .executeTakeFirst()
  return Number(result.numInsertedOrUpdatedRows) > 0
}

/** Makes a job that waits at least as urgent as `priority`. */
export async function putForward(
  tx: Transaction,
  dedupeKey: string,
  priority: number,
): Promise<void> {
  await tx
    .updateTable('jobs')
    .set({ priority })
    .where('dedupe_key', '=', dedupeKey)
    .where('state', '=', 'waiting')
    .where('priority', '>', priority)
    .execute()
}

/** Removes jobs that wait for their turn to do just this. */
export async function deleteWaiting(
  tx: Transaction,
  job: { name: string; payload: string },
): Promise<void> {
  await tx
    .deleteFrom('jobs')
    .where('state', '=', 'waiting')
    .where('name', '=', job.name)
    .where('payload', '=', job.payload)
    .execute()
}

export function findJob(db: Executor, id: string): Promise<JobRow | undefined> {
  return db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The states of those of the jobs, 500 at most, that are there. */
export async function jobStates(
  db: Executor,
  ids: readonly string[],
): Promise<Map<string, JobState>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('jobs').select(['id', 'state']).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, state }) => [id, state]))
}

/** As `findJob`, locked until the transaction ends. */
export function lockJob(tx: Transaction, id: string): Promise<JobRow | undefined> {
  return lockRows(
    tx,
    tx.selectFrom('jobs').selectAll().where('id', '=', id),
    'change',
  ).executeTakeFirst()
}

export function findUnfinishedJob(db: Executor, dedupeKey: string): Promise<JobRow | undefined> {
  return db.selectFrom('jobs').selectAll().where('dedupe_key', '=', dedupeKey).executeTakeFirst()
}

/** Newest first, those after `after` only. */
export function listJobs(
  db: Executor,
  query: {
    state: JobState | undefined
    name: string | undefined
    requestedBy: string | undefined
    after: { created_at: string; id: string } | undefined
    limit: number
  },
): Promise<JobRow[]> {
  const { state, name, requestedBy, after } = query
  return db
    .selectFrom('jobs')
    .selectAll()
    .$if(state !== undefined, (builder) => builder.where('state', '=', state ?? 'waiting'))
    .$if(name !== undefined, (builder) => builder.where('name', '=', name ?? ''))
    .$if(requestedBy !== undefined, (builder) =>
      builder.where('requested_by', '=', requestedBy ?? ''),
    )
    .$if(after !== undefined, (builder) =>
      builder.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('created_at', 'id'), '<', tuple(after?.created_at ?? '', after?.id ?? '')),
      ),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit)
    .execute()
}

/** Whether a worker that knows these names has something to do: a job whose time has come, or one whose worker is gone. */
export async function hasDueJob(
  db: Executor,
  query: { names: readonly string[]; now: string },
): Promise<boolean> {
  const due = await db
    .selectFrom('jobs')
    .select('id')
    .where('name', 'in', query.names)
    .where('state', '=', 'waiting')
    .where('run_at', '<=', query.now)
    .limit(1)
    .executeTakeFirst()
  if (due) return true
  const lost = await db
    .selectFrom('jobs')
    .select('id')
    .where('name', 'in', query.names)
    .where('state', '=', 'running')
    .where('lease_until', '<=', query.now)
    .limit(1)
    .executeTakeFirst()
  return lost !== undefined
}

/**
 * Hands out the jobs whose turn it is. One statement, so that no two workers get the same: on PostgreSQL a row that
 * another one is taking is passed over, SQLite has one writer at a time.
 */
export function claimJobs(
  tx: Transaction,
  claim: {
    names: readonly string[]
    limit: number
    owner: string
    now: string
    leaseUntil: string
  },
): Promise<JobRow[]> {
  return tx
    .updateTable('jobs')
    .set((eb) => ({
      state: 'running',
      attempts: eb('attempts', '+', 1),
      lease_owner: claim.owner,
      lease_until: claim.leaseUntil,
      started_at: claim.now,
      error: null,
      // What is asked for once for each thing may be asked for again from now on.
      dedupe_key: sql<string | null>`case when dedupe_key like '%:%' then null else dedupe_key end`,
    }))
    .where('id', 'in', (eb) =>
      skipLocked(
        tx,
        eb
          .selectFrom('jobs')
          .select('id')
          .where('state', '=', 'waiting')
          .where('name', 'in', claim.names)
          .where('run_at', '<=', claim.now)
          .orderBy('priority')
          .orderBy('run_at')
          .limit(claim.limit),
      ),
    )
    .returningAll()
    .execute()
}

/** Running jobs whose worker has not been heard of since the lease ended, locked for change. */
export function lostJobs(
  tx: Transaction,
  query: { names: readonly string[]; now: string; limit: number },
): Promise<JobRow[]> {
  return skipLocked(
    tx,
    tx
      .selectFrom('jobs')
      .selectAll()
      .where('state', '=', 'running')
      .where('name', 'in', query.names)
      .where('lease_until', '<=', query.now)
      .limit(query.limit),
  ).execute()
}

/** Changes a job that `owner` still holds; `false` when the lease was lost, and nothing is changed then. */
export async function updateHeldJob(
  tx: Transaction,
  held: { id: string; owner: string },
  change: JobChange,
): Promise<boolean> {
  const result = await tx
    .updateTable('jobs')
    .set(change)
    .where('id', '=', held.id)
    .where('lease_owner', '=', held.owner)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export type JobChange = Partial<Omit<JobRow, 'id' | 'name' | 'payload' | 'created_at'>>

/** For a job that the transaction has locked. */
export async function updateJob(tx: Transaction, id: string, change: JobChange): Promise<void> {
  await tx.updateTable('jobs').set(change).where('id', '=', id).execute()
}

export async function isCancelRequested(tx: Transaction, id: string): Promise<boolean> {
  const row = await tx
    .selectFrom('jobs')
    .select('cancel_requested')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.cancel_requested === 1
}

export async function deleteJob(
  tx: Transaction,
  held: { id: string; owner: string },
): Promise<boolean> {
  const result = await tx
    .deleteFrom('jobs')
    .where('id', '=', held.id)
    .where('lease_owner', '=', held.owner)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Removes some jobs that finished before `before`; how many. Call it until it is 0. */
export async function deleteFinishedJobs(tx: Transaction, before: string): Promise<number> {
  const result = await tx
    .deleteFrom('jobs')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('jobs')
        .select('id')
        .where('state', 'in', ['succeeded', 'failed', 'cancelled'])
        .where('finished_at', '<', before)
        .limit(trimmedAtOnce),
    )
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Locks the rows and passes over those that another transaction has locked. */
function skipLocked<DB, TB extends keyof DB, O>(
  tx: Executor,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> {
  if (!(tx.getExecutor().adapter instanceof PostgresAdapter)) return query
  return query.forUpdate().skipLocked()
}
