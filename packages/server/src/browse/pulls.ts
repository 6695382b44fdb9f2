import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Database } from '../metadata/database.ts'
import { addPulls, type PullCount } from '../metadata/manifest-pulls.ts'

/** Manifests that are counted between two writes; pulls of others are not, until then. */
const countedMax = 100_000
const countsPerTransaction = 200

/**
 * Counts pulls in memory, so that a pull writes nothing, and adds them to the database now and then. What was counted
 * since is lost when the process dies.
 */
export class Pulls {
  readonly #database: Database
  readonly #now: () => number
  #counts = new Map<string, { repository: string; digest: string; pulls: number; at: number }>()

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Costs nothing that a pull would notice. */
  note(repository: RepositoryName, digest: Digest): void {
    const key = `${digest} ${repository}`
    const counted = this.#counts.get(key)
    if (counted) {
      counted.pulls += 1
      counted.at = this.#now()
    } else if (this.#counts.size < countedMax) {
      this.#counts.set(key, { repository, digest, pulls: 1, at: this.#now() })
    }
  }

  /** Writes down what was counted; what could not be written is tried again with the next. */
  async flush(): Promise<void> {
    const counts = [...this.#counts.values()]
      .map(
        ({ at, ...count }): PullCount => ({
          ...count,
          lastPulledAt: new Date(at).toISOString(),
        }),
      )
      // In the order of names, so that two nodes cannot hold each other up.
      .toSorted((a, b) =>
        a.repository === b.repository
          ? a.digest < b.digest
            ? -1
            : 1
          : a.repository < b.repository
            ? -1
            : 1,
      )
    this.#counts = new Map()
    for (let start = 0; start < counts.length; start += countsPerTransaction) {
      const portion = counts.slice(start, start + countsPerTransaction)
      try {
        await this.#database.relaxedTransaction((tx) => addPulls(tx, portion))
      } catch (error) {
        this.#putBack(counts.slice(start))
        throw error
      }
    }
  }

  #putBack(counts: readonly PullCount[]): void {
    for (const { repository, digest, pulls, lastPulledAt } of counts) {
      const key = `${digest} ${repository}`
      const counted = this.#counts.get(key)
      if (counted) counted.pulls += pulls
      else this.#counts.set(key, { repository, digest, pulls, at: Date.parse(lastPulledAt) })
    }
  }
}
