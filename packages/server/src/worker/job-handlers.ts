import type { LogLevel } from '../jobs/job-log.ts'
import type { JobName, JobPayload } from '../jobs/job.ts'

/** What a handler gets. It stops soon after `signal`, and returns what it has done by then. */
export type JobRun<Name extends JobName> = {
  readonly payload: JobPayload<Name>
  readonly signal: AbortSignal
  /** What a former attempt noted last, whatever version of Berth that was; `undefined` at the first. */
  readonly formerProgress: unknown
  /** Shown to people, and kept for the next attempt. JSON. */
  onProgress(progress: unknown): void
  /** A line for the log of the job, for people: nothing secret, no paths of this machine. */
  readonly say: (text: string, level?: LogLevel) => void
}

/** One function for each kind of job; it returns the result that the job shows. */
export type JobHandlers = {
  readonly [Name in JobName]: (run: JobRun<Name>) => Promise<unknown>
}
