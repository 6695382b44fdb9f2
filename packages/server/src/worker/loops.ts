import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../log.ts'

const retryMs = 30_000

/** Work that is done again and again in the background: a failure is logged, and it goes on later. */
export class BackgroundLoops {
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Aborted when it is time to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** The first turn waits too: start-up belongs to the clients. */
  add(
    name: string,
    pauses: { firstMs: number; thenMs: number },
    work: () => Promise<unknown>,
  ): void {
    this.#loops.push(this.#run(name, pauses, work))
  }

  /** Resolves after the step under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
  }

  async #run(
    name: string,
    pauses: { firstMs: number; thenMs: number },
    work: () => Promise<unknown>,
  ): Promise<void> {
    for (let pauseMs = pauses.firstMs; await this.#rest(pauseMs); pauseMs = pauses.thenMs) {
      try {
        await work()
      } catch (error) {
        this.#logger.error({ err: error, task: name }, 'background work failed; it is tried again')
        await this.#rest(Math.min(retryMs, Math.max(pauses.thenMs, 1000)))
      }
    }
  }

  /** `false` when it is time to stop. */
  async #rest(milliseconds: number): Promise<boolean> {
    try {
      await wait(milliseconds, undefined, { signal: this.#stopping.signal, ref: false })
      return true
    } catch {
      return false
    }
  }
}
