import type { RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { firstLogLine, listJobLog } from '../metadata/job-log.ts'
import {
  type JobRow,
  findJob,
  findUnfinishedJob,
  listJobs,
  lockJob,
  updateJob,
} from '../metadata/jobs.ts'
import type { JobState } from '../metadata/schema.ts'
import type { LogLevel } from './job-log.ts'
import { type Completion, completionOf } from './completion.ts'
import { type Job, dedupeKeyOf, isJobName, parseJob } from './job.ts'
import type { JobQueue } from './queue.ts'

/** A job as people see it. */
export type JobView = {
  id: string
  name: string
  payload: unknown
  state: JobState
  /** Somebody wants it stopped; it is still running. */
  cancelRequested: boolean
  priority: number
  attempts: number
  maxAttempts: number
  progress: unknown
  completion: Completion | null
  result: unknown
  error: string | null
  requestedBy: string
  createdAt: string
  runAt: string
  startedAt: string | null
  finishedAt: string | null
}

export type JobLogView = {
  items: { number: number; at: string; level: LogLevel; text: string }[]
  next: string | null
  /** Older lines that fell out. */
  dropped: number
  isOver: boolean
}

/** Who asks, and how to make sure in the transaction that they may. */
type Asked = RequestContext & { readonly check?: (tx: Transaction) => Promise<void> }

/** Jobs for those who look after them: list, ask for, stop, try again. */
export class Jobs {
  readonly #database: Database
  readonly #queue: JobQueue
  readonly #now: () => number

  constructor(parts: { database: Database; queue: JobQueue; now: () => number }) {
    this.#database = parts.database
    this.#queue = parts.queue
    this.#now = parts.now
  }

  /** Newest first; `next` is where the next page begins. Throws `requestInvalid` for another `after`. */
  async listJobs(query: {
    state: JobState | undefined
    name: string | undefined
    requestedBy?: string | undefined
    after: string | undefined
    limit: number
  }): Promise<{ items: JobView[]; next: string | null }> {
    const after = query.after === undefined ? undefined : readCursor(query.after)
    const { requestedBy } = query
    const rows = await listJobs(this.#database.read, {
      ...query,
      requestedBy,
      after,
      limit: query.limit + 1,
    })
    const page = rows.slice(0, query.limit)
    const last = page.at(-1)
    return {
      items: page.map(toView),
      next: rows.length > page.length && last ? `${last.created_at}_${last.id}` : null,
    }
  }

  /** Throws `notFound`. */
  async getJob(id: string): Promise<JobView> {
    const row = await findJob(this.#database.read, id)
    if (!row) throw unknown(id)
    return toView(row)
  }

  /** What the job said, the oldest line first, after the line `after`. Throws `notFound`. */
  async readLog(id: string, query: { after: number; limit: number }): Promise<JobLogView> {
    const { after, limit } = query
    // The job first: what it said before it was over is there when it is over.
    const { state } = await this.getJob(id)
    const page = { jobId: id, after, limit: limit + 1 }
    const lines = await listJobLog(this.#database.read, page)
    const items = lines.slice(0, limit)
    const last = items.at(-1)
    return {
      items,
      next: lines.length > limit && last ? String(last.number) : null,
      dropped: ((await firstLogLine(this.#database.read, id)) ?? 1) - 1,
      isOver: state !== 'waiting' && state !== 'running',
    }
  }

  /** Asks for a job; when one of a kind that is done one at a time is unfinished, that one is the answer. */
  requestJob(asked: Asked, job: Job): Promise<JobView> {
    return this.#database.transaction(async (tx) => {
      await asked.check?.(tx)
      const id = await this.#queue.enqueue(tx, job, { requestedBy: asked.actor.name })
      const dedupeKey = dedupeKeyOf(job)
      const row = await (id === undefined && dedupeKey !== null
        ? findUnfinishedJob(tx, dedupeKey)
        : findJob(tx, id ?? ''))
      if (!row)
        throw new BerthError('unavailable', 'The job of this kind has just ended. Ask again.')
      if (row.payload !== JSON.stringify(job.payload)) {
        throw new BerthError(
          'conflict',
          `The job ${row.id} of this kind was asked for with other settings and is not finished. Wait for it, or cancel it.`,
          { details: [{ job: row.id }] },
        )
      }
      if (id !== undefined) await this.#record(tx, asked, 'job.requested', row)
      return toView(row)
    })
  }

  /** One that waits is stopped at once, one that runs when it next looks up. Throws `notFound`, `conflict` for a finished one. */
  cancelJob(asked: Asked, id: string): Promise<JobView> {
    return this.#change(asked, id, 'job.cancelled', (job) => {
      if (job.state === 'waiting') {
        const now = this.#iso()
        return { state: 'cancelled', cancel_requested: 1, dedupe_key: null, finished_at: now }
      }
      if (job.state === 'running') return { cancel_requested: 1 }
      throw new BerthError(
        'conflict',
        `The job is over: it has ${job.state}. Only one that waits or runs can be stopped.`,
      )
    })
  }

  /** Lets a job that failed or was stopped start anew. Throws `notFound`, `conflict`. */
  retryJob(asked: Asked, id: string): Promise<JobView> {
    return this.#change(asked, id, 'job.retried', async (job, tx) => {
      if (job.state !== 'failed' && job.state !== 'cancelled') {
        throw new BerthError(
          'conflict',
          `The job is ${job.state}. Only one that failed or was stopped can be tried again.`,
        )
      }
      const dedupeKey = isJobName(job.name) ? dedupeKeyOf(parseJob(job.name, job.payload)) : null
      if (dedupeKey !== null && (await findUnfinishedJob(tx, dedupeKey))) {
        throw new BerthError('conflict', `Another job ${job.name} waits or runs already.`)
      }
      return {
        state: 'waiting',
        attempts: 0,
        cancel_requested: 0,
        dedupe_key: dedupeKey,
        run_at: this.#iso(),
        finished_at: null,
        error: null,
        result: null,
      }
    })
  }

  #change(
    asked: Asked,
    id: string,
    action: string,
    decide: (job: JobRow, tx: Transaction) => Partial<JobRow> | Promise<Partial<JobRow>>,
  ): Promise<JobView> {
    return this.#database.transaction(async (tx) => {
      await asked.check?.(tx)
      const job = await lockJob(tx, id)
      if (!job) throw unknown(id)
      const change = await decide(job, tx)
      await updateJob(tx, id, change)
      await this.#record(tx, asked, action, job)
      return toView({ ...job, ...change })
    })
  }

  #record(tx: Transaction, asked: Asked, action: string, job: JobRow): Promise<void> {
    return insertAuditEntry(
      tx,
      asked,
      { action, targetKind: 'job', target: job.id, project: '', after: { name: job.name } },
      this.#iso(),
    )
  }

  #iso(): string {
    return new Date(this.#now()).toISOString()
  }
}

function toView(row: JobRow): JobView {
  const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
  const progress = json(row.progress)
  return {
    id: row.id,
    name: row.name,
    payload: json(row.payload),
    state: row.state,
    cancelRequested: row.cancel_requested === 1,
    priority: row.priority,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    progress,
    completion: completionOf(progress),
    result: json(row.result),
    error: row.error,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    runAt: row.run_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

function readCursor(text: string): { created_at: string; id: string } {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)_([0-9a-f-]{36})$/.exec(text)
  if (!match?.[1] || !match[2]) {
    throw new BerthError('requestInvalid', 'after: must be the `next` of a page before.', {
      details: [{ field: 'after', rule: 'cursor', reason: 'must be the `next` of a page before' }],
    })
  }
  return { created_at: match[1], id: match[2] }
}

function unknown(id: string): BerthError {
  return new BerthError('notFound', `There is no job ${id}.`)
}
