import { randomUUID } from 'node:crypto'
import type { Database, Transaction } from '../metadata/database.ts'
import { appendJobLog } from '../metadata/job-log.ts'
import {
  type JobChange,
  type JobRow,
  claimJobs,
  deleteFinishedJobs,
  deleteJob,
  hasDueJob,
  insertJob,
  isCancelRequested,
  lostJobs,
  putForward,
  updateHeldJob,
  updateJob,
} from '../metadata/jobs.ts'
import { type LogLine, logLinesKept } from './job-log.ts'
import { type Job, type JobName, dedupeKeyOf, jobRules, retryDelayMs } from './job.ts'

/** A job that this worker holds until `complete`, `fail` or the end of its lease. */
export type HeldJob = {
  readonly id: string
  readonly owner: string
  readonly name: JobName
  /** As it stands in the table; `parseJob` reads it. */
  readonly payload: string
  readonly attempts: number
  readonly maxAttempts: number
  /** What a former attempt had noted, to go on from there. */
  readonly progress: unknown
}

export type EnqueueOptions = {
  /** Before then it waits. Milliseconds since 1970. */
  readonly runAt?: number
  /** Name of who asked for it. */
  readonly requestedBy?: string
  /** Instead of that of its kind. One that waits already is put forward when this is more urgent. */
  readonly priority?: number
}

const lostAtOnce = 50
const errorMax = 1000

/**
 * Work that is remembered in the database: it survives a crash, and is written in the transaction of what asks for it.
 * A worker holds a job by a lease that it renews; when it dies, the lease runs out and another takes the job over. So a
 * job may run twice in part, and each is written so that this does no harm.
 */
export class JobQueue {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Adds a job in the caller's transaction. Its id, or `undefined` when an unfinished one makes it needless. */
  async enqueue(
    tx: Transaction,
    job: Job,
    options: EnqueueOptions = {},
  ): Promise<string | undefined> {
    const rules = jobRules[job.name]
    const now = this.#now()
    const id = randomUUID()
    const priority = options.priority ?? rules.priority
    const dedupeKey = dedupeKeyOf(job)
    const isNew = await insertJob(tx, {
      id,
      name: job.name,
      payload: JSON.stringify(job.payload),
      priority,
      max_attempts: rules.maxAttempts,
      dedupe_key: dedupeKey,
      run_at: iso(options.runAt ?? now),
      requested_by: options.requestedBy ?? 'system',
      created_at: iso(now),
    })
    if (!isNew && rules.isForEach === true && dedupeKey !== null) {
      await putForward(tx, dedupeKey, priority)
    }
    return isNew ? id : undefined
  }

  /** `enqueue` in a transaction of its own. */
  add(job: Job, options: EnqueueOptions = {}): Promise<string | undefined> {
    return this.#database.transaction((tx) => this.enqueue(tx, job, options))
  }

  /** Takes at most `limit` jobs of these names whose turn it is, the most urgent first. */
  async claim(query: {
    names: readonly JobName[]
    limit: number
    leaseMs: number
  }): Promise<HeldJob[]> {
    const now = this.#now()
    const due = { names: query.names, now: iso(now) }
    // Asked again and again: only a read while there is nothing to do.
    if (!(await hasDueJob(this.#database.read, due))) return []
    const owner = randomUUID()
    const rows = await this.#database.relaxedTransaction(async (tx) => {
      await this.#takeBack(tx, due)
      const leaseUntil = iso(now + query.leaseMs)
      return claimJobs(tx, { ...due, limit: query.limit, owner, leaseUntil })
    })
    return rows.toSorted((a, b) => a.priority - b.priority).map((row) => toHeldJob(row, owner))
  }

  /**
   * Renews the lease and notes how far the job has come, and what it has said. `lost`: the lease had run out and somebody else has the job;
   * `cancel`: somebody wants it stopped.
   */
  async heartbeat(
    held: HeldJob,
    beat: { leaseMs: number; progress: unknown; lines?: readonly LogLine[] },
  ): Promise<'held' | 'cancel' | 'lost'> {
    const change = {
      lease_until: iso(this.#now() + beat.leaseMs),
      ...(beat.progress === undefined ? {} : { progress: JSON.stringify(beat.progress) }),
    }
    return this.#database.relaxedTransaction(async (tx) => {
      if (!(await updateHeldJob(tx, held, change))) return 'lost'
      await appendJobLog(tx, held.id, beat.lines ?? [], logLinesKept)
      return (await isCancelRequested(tx, held.id)) ? 'cancel' : 'held'
    })
  }

  /** `false` when the lease was lost: then what the job did stands, but somebody else reports it. */
  complete(held: HeldJob, result: unknown, lines: readonly LogLine[] = []): Promise<boolean> {
    if (!jobRules[held.name].isKept) {
      return this.#database.relaxedTransaction((tx) => deleteJob(tx, held))
    }
    return this.#end(held, this.#ending('succeeded', { result: JSON.stringify(result) }), lines)
  }

  /** Stopped because somebody wanted it; `result` is what it had done by then. */
  completeCancelled(
    held: HeldJob,
    result: unknown,
    lines: readonly LogLine[] = [],
  ): Promise<boolean> {
    const text = JSON.stringify(result) ?? null
    return this.#end(held, this.#ending('cancelled', { result: text }), lines)
  }

  /** Tries again later, each time after a longer rest, unless this was the last attempt. `error` is for people to read. */
  fail(held: HeldJob, error: string, lines: readonly LogLine[] = []): Promise<boolean> {
    const text = error.slice(0, errorMax)
    const isLast = held.attempts >= held.maxAttempts
    const runAt = iso(this.#now() + retryDelayMs(held.attempts))
    return this.#end(
      held,
      isLast ? this.#ending('failed', { error: text }) : { ...waiting, error: text, run_at: runAt },
      lines,
    )
  }

  /** Gives a job back that was not done because the worker stops; it does not count as an attempt. */
  async giveBack(held: HeldJob): Promise<void> {
    await this.#database.relaxedTransaction((tx) =>
      updateHeldJob(tx, held, {
        ...waiting,
        attempts: held.attempts - 1,
        run_at: iso(this.#now()),
      }),
    )
  }

  /** Removes jobs that finished longer ago than `ageMs`, in portions; how many. */
  async trim(ageMs: number, options: { signal?: AbortSignal } = {}): Promise<number> {
    const before = iso(this.#now() - ageMs)
    let removed = 0
    while (!options.signal?.aborted) {
      const count = await this.#database.relaxedTransaction((tx) => deleteFinishedJobs(tx, before))
      if (count === 0) break
      removed += count
    }
    return removed
  }

  /** What dead workers held waits again, is stopped if somebody wanted that, or has failed if they were the last attempt. */
  async #takeBack(tx: Transaction, due: { names: readonly string[]; now: string }): Promise<void> {
    for (const job of await lostJobs(tx, { ...due, limit: lostAtOnce })) {
      if (job.cancel_requested === 1) {
        await updateJob(tx, job.id, this.#ending('cancelled', {}))
      } else if (job.attempts >= job.max_attempts) {
        const error = 'The worker stopped in the middle, at every attempt.'
        await updateJob(tx, job.id, this.#ending('failed', { error }))
      } else {
        await updateJob(tx, job.id, { ...waiting, run_at: due.now })
      }
    }
  }

  #end(held: HeldJob, change: JobChange, lines: readonly LogLine[]): Promise<boolean> {
    return this.#database.relaxedTransaction(async (tx) => {
      const isHeld = await updateHeldJob(tx, held, change)
      if (isHeld) await appendJobLog(tx, held.id, lines, logLinesKept)
      return isHeld
    })
  }

  #ending(
    state: 'succeeded' | 'failed' | 'cancelled',
    outcome: { result?: string | null; error?: string },
  ) {
    return {
      ...outcome,
      state,
      dedupe_key: null,
      lease_owner: null,
      lease_until: null,
      finished_at: iso(this.#now()),
    }
  }
}

const waiting = { state: 'waiting', lease_owner: null, lease_until: null } as const

function toHeldJob(row: JobRow, owner: string): HeldJob {
  return {
    id: row.id,
    owner,
    name: row.name as JobName,
    payload: row.payload,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    progress: row.progress === null ? undefined : JSON.parse(row.progress),
  }
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
