import type { JobView, Jobs } from '../jobs/jobs.ts'
import { queueFigures } from '../metadata/collection.ts'
import type { Database } from '../metadata/database.ts'

/** What collection has before it. */
export class CollectionState {
  readonly #database: Database
  readonly #jobs: Jobs
  readonly #now: () => number

  constructor(parts: { database: Database; jobs: Jobs; now: () => number }) {
    this.#database = parts.database
    this.#jobs = parts.jobs
    this.#now = parts.now
  }

  /** `lastRun` is the last that somebody asked for; those in the background are in the log and the metrics. */
  async readCollection(): Promise<{
    waiting: { reviews: number; reviewsDue: number; trash: number; trashBytes: number }
    lastRun: JobView | null
  }> {
    const now = new Date(this.#now()).toISOString()
    const { items } = await this.#jobs.listJobs({
      name: 'collect',
      state: undefined,
      after: undefined,
      limit: 1,
    })
    return {
      waiting: await queueFigures(this.#database.read, now),
      lastRun: items[0] ?? null,
    }
  }
}
