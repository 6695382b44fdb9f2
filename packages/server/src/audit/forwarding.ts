import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../log.ts'
import type { AuditForwarder } from './forwarder.ts'

const pauseMs = 1000
const longestPauseMs = 300_000

/**
 * Keeps every target of forwarding up to date, each in a loop of its own, so that a dead one holds up nothing. A target
 * that fails is tried again after 1 s, then 2 s and so on up to 5 minutes; the log says so once, and once when it is back.
 */
export class AuditForwarding {
  readonly #forwarders: readonly AuditForwarder[]
  readonly #logger: Logger
  readonly #pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly #failures = new Map<string, string>()

  constructor(parts: {
    forwarders: readonly AuditForwarder[]
    logger: Logger
    /** Resolves after so long, or throws when the signal says so. */
    pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>
  }) {
    this.#forwarders = parts.forwarders
    this.#logger = parts.logger
    this.#pause =
      parts.pause ??
      ((milliseconds, signal) => wait(milliseconds, undefined, { signal, ref: false }))
  }

  /** Why the last try failed, by the name of the target; those that work are not in it. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures
  }

  /** Resolves when `signal` ends it, after the batch under way was given up. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#forwarders.map((forwarder) => this.#loop(forwarder, signal)))
  }

  async #loop(forwarder: AuditForwarder, signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      let rest = 0
      try {
        const outcome = await forwarder.sendNext(signal)
        if (outcome === 'sent') this.#noteSuccess(forwarder.name)
        if (outcome === 'sent') failures = 0
        else rest = pauseMs
      } catch (error) {
        if (signal.aborted) return
        this.#noteFailure(forwarder.name, error)
        rest = Math.min(pauseMs * 2 ** Math.min(failures, 20), longestPauseMs)
        failures += 1
      }
      if (rest > 0) await this.#pause(rest, signal).catch(() => undefined)
    }
  }

  #noteFailure(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const isNew = !this.#failures.has(name)
    this.#failures.set(name, reason)
    if (isNew)
      this.#logger.error(
        { target: name, err: error },
        'a target of the audit log takes nothing; its entries wait and it is tried again',
      )
  }

  #noteSuccess(name: string): void {
    if (this.#failures.delete(name))
      this.#logger.info({ target: name }, 'a target of the audit log takes entries again')
  }
}
