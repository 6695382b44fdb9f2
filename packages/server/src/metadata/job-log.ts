import type { Executor, Transaction } from './database.ts'
import type { JobLogLinesTable } from './oversight-schema.ts'

export type JobLogLine = Omit<JobLogLinesTable, 'job_id'>

/** Adds lines after those that are there, and lets all but the newest `keep` fall out. */
export async function appendJobLog(
  tx: Transaction,
  jobId: string,
  lines: readonly Omit<JobLogLine, 'number'>[],
  keep: number,
): Promise<void> {
  if (lines.length === 0) return
  const { last } = await tx
    .selectFrom('job_log_lines')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow()
  const first = (last ?? 0) + 1
  const rows = lines.map((line, index) => ({ ...line, job_id: jobId, number: first + index }))
  await tx.insertInto('job_log_lines').values(rows).execute()
  await tx
    .deleteFrom('job_log_lines')
    .where('job_id', '=', jobId)
    .where('number', '<=', first + lines.length - 1 - keep)
    .execute()
}

/** The oldest lines first, those after the number `after` only. */
export function listJobLog(
  db: Executor,
  query: { jobId: string; after: number; limit: number },
): Promise<JobLogLine[]> {
  return db
    .selectFrom('job_log_lines')
    .select(['number', 'at', 'level', 'text'])
    .where('job_id', '=', query.jobId)
    .where('number', '>', query.after)
    .orderBy('number')
    .limit(query.limit)
    .execute()
}

/** The number of the oldest line that is kept; `undefined` when nothing was said. */
export async function firstLogLine(db: Executor, jobId: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('job_log_lines')
    .select('number')
    .where('job_id', '=', jobId)
    .orderBy('number')
    .limit(1)
    .executeTakeFirst()
  return row?.number
}
