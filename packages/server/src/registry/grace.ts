import type { Config } from '../config/schema.ts'

/** The moment, as the tables write it. Tests move it. */
export type Clock = () => Date

const retryMs = 3_600_000

/** How long collection waits before it looks at something again, and before it removes an object. */
export class Grace {
  readonly #clock: Clock
  readonly #graceMs: number
  readonly #trashDelayMs: number

  constructor(
    collection: Pick<Config['collection'], 'graceSeconds' | 'trashDelaySeconds'>,
    clock: Clock,
  ) {
    this.#clock = clock
    this.#graceMs = collection.graceSeconds * 1000
    this.#trashDelayMs = collection.trashDelaySeconds * 1000
  }

  now(): string {
    return this.#clock().toISOString()
  }

  reviewDue(): string {
    return new Date(this.#clock().getTime() + this.#graceMs).toISOString()
  }

  trashDue(): string {
    return new Date(this.#clock().getTime() + this.#trashDelayMs).toISOString()
  }

  /** When to try again what the store refused to remove. */
  retryDue(): string {
    return new Date(this.#clock().getTime() + retryMs).toISOString()
  }

  /** Whether a review is so near that a client relying on the blob could lose it. */
  isNear(dueAt: string): boolean {
    return Date.parse(dueAt) < this.#clock().getTime() + this.#graceMs / 2
  }

  /** Objects changed after this moment may belong to a request under way. */
  undisturbedSince(): Date {
    return new Date(this.#clock().getTime() - Math.max(this.#graceMs, 60_000))
  }
}
