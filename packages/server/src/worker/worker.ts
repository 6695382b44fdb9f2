import { setTimeout as wait } from 'node:timers/promises'
import { BerthError } from '../errors.ts'
import { JobLog } from '../jobs/job-log.ts'
import { type JobName, jobNames, jobRules, parseJob } from '../jobs/job.ts'
import type { HeldJob, JobQueue } from '../jobs/queue.ts'
import type { Logger } from '../log.ts'
import type { JobHandlers } from './job-handlers.ts'

const lanes = { short: 2, long: 2, scan: 2, external: 2 } as const

/** How often things happen, in milliseconds. */
export type WorkerPace = {
  /** Between two looks at the queue when there was nothing to do. */
  readonly pollMs: number
  /** How long a job stays this worker's without a sign of life. */
  readonly leaseMs: number
  /** Between two signs of life. */
  readonly heartbeatMs: number
}

const pace: WorkerPace = { pollMs: 500, leaseMs: 60_000, heartbeatMs: 5_000 }
const dayMs = 86_400_000
const dailyJobs = [
  'trim-jobs',
  'trim-search',
  'find-unscanned',
  'note-findings',
  'trim-scans',
  'measure-projects',
] as const

type Parts = {
  readonly queue: JobQueue
  readonly handlers: JobHandlers
  readonly logger: Logger
  readonly pace?: Partial<WorkerPace>
}

/** What is known of a job while it is done. */
type RunState = {
  progress: unknown
  outcome: 'held' | 'cancel' | 'lost'
  readonly log: JobLog
}

/**
 * Does the jobs of the queue: two that are short, two that are long, two scans and two scans by others at a time, so that
 * a verification of a day, or another scanner that lets Berth wait, holds up nothing that a push has left to do.
 */
export class Worker {
  readonly #queue: JobQueue
  readonly #handlers: JobHandlers
  readonly #logger: Logger
  readonly #pace: WorkerPace
  readonly #stopping = new AbortController()
  #loops: Promise<void>[] = []

  constructor(parts: Parts) {
    this.#queue = parts.queue
    this.#handlers = parts.handlers
    this.#logger = parts.logger
    this.#pace = { ...pace, ...parts.pace }
  }

  start(): void {
    for (const [lane, places] of Object.entries(lanes)) {
      const names = jobNames.filter((name) => jobRules[name].lane === lane)
      for (let place = 0; place < places; place += 1) this.#loops.push(this.#loop(names))
    }
    this.#loops.push(this.#upkeep())
  }

  /** Takes no further job, asks those under way to stop, and resolves when they have; what is left undone is given back. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
    this.#loops = []
  }

  async #loop(names: readonly JobName[]): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const isBusy = await this.#turn(names).catch((error: unknown) => {
        this.#logger.error({ err: error }, 'the job queue cannot be used at the moment')
        return false
      })
      if (!isBusy) await rest(this.#pace.pollMs, signal)
    }
  }

  /** Takes one job and does it; `false` when there was none. */
  async #turn(names: readonly JobName[]): Promise<boolean> {
    const [job] = await this.#queue.claim({ names, limit: 1, leaseMs: this.#pace.leaseMs })
    if (job) await this.#perform(job)
    return job !== undefined
  }

  async #perform(held: HeldJob): Promise<void> {
    const ending = new AbortController()
    const signal = AbortSignal.any([ending.signal, this.#stopping.signal])
    const log = new JobLog(Date.now)
    const state: RunState = { progress: undefined, outcome: 'held', log }
    if (held.attempts > 1) log.say(`Attempt ${held.attempts} of ${held.maxAttempts}.`)
    const beats = new AbortController()
    const beating = this.#beat(held, state, beats.signal, () => ending.abort())
    try {
      const { payload } = parseJob(held.name, held.payload)
      const result = await this.#handlers[held.name]({
        // The name decides the payload, which `parseJob` has checked against it.
        payload: payload as never,
        signal,
        formerProgress: held.progress,
        onProgress: (progress) => {
          state.progress = progress
        },
        say: (text, level) => log.say(text, level),
      })
      if (state.outcome === 'lost') return
      if (state.outcome === 'cancel') {
        await log.flush((lines) => this.#queue.completeCancelled(held, result, lines))
      }
      // It has returned because it was told to stop; a short one does not stop in the middle.
      else if (signal.aborted && jobRules[held.name].lane !== 'short') {
        await this.#putBack(held, state)
      } else await log.flush((lines) => this.#queue.complete(held, result, lines))
    } catch (error) {
      await this.#fail(held, error, state)
    } finally {
      beats.abort()
      await beating
    }
  }

  /** With how far it came, so that the next worker goes on from there. */
  async #putBack(held: HeldJob, { progress, log }: RunState): Promise<void> {
    const { leaseMs } = this.#pace
    await log.flush((lines) => this.#queue.heartbeat(held, { leaseMs, progress, lines }))
    await this.#queue.giveBack(held)
  }

  async #fail(held: HeldJob, error: unknown, { outcome, log }: RunState): Promise<void> {
    if (outcome === 'lost') return
    if (outcome === 'cancel') {
      await log.flush((lines) => this.#queue.completeCancelled(held, null, lines))
      return
    }
    this.#logger.error({ err: error, job: held.name, jobId: held.id }, 'a job failed')
    // What was not thrown on purpose may name paths or worse, so it stays in the log.
    const text =
      error instanceof BerthError ? error.message : 'It failed unexpectedly; the log says how.'
    log.say(text, 'error')
    await log.flush((lines) => this.#queue.fail(held, text, lines))
  }

  async #beat(held: HeldJob, state: RunState, signal: AbortSignal, end: () => void): Promise<void> {
    while (await rest(this.#pace.heartbeatMs, signal)) {
      const beat = { leaseMs: this.#pace.leaseMs, progress: state.progress }
      try {
        state.outcome = await state.log.flush((lines) =>
          this.#queue.heartbeat(held, { ...beat, lines }),
        )
      } catch (error) {
        this.#logger.error({ err: error, jobId: held.id }, 'a job could not renew its lease')
      }
      if (state.outcome !== 'held') {
        end()
        return
      }
    }
  }

  /** Asks for the daily jobs that keep the queue and the indexes small, and look after what was not scanned. */
  async #upkeep(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        for (const name of dailyJobs) {
          await this.#queue.add({ name, payload: {} })
        }
        // Certificates of Notation must be valid now, and so a verdict ages. Not at once: a start has enough to do.
        await this.#queue.add(
          { name: 'verify-project-signatures', payload: { project: '' } },
          { runAt: Date.now() + dayMs },
        )
      } catch (error) {
        this.#logger.error({ err: error }, 'the job queue cannot be used at the moment')
      }
      await rest(dayMs, signal)
    }
  }
}

/** `false` when it is time to stop. */
async function rest(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(milliseconds, undefined, { signal, ref: false })
    return true
  } catch {
    return false
  }
}
