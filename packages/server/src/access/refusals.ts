import { LRUCache } from 'lru-cache'
import type { RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database } from '../metadata/database.ts'
import { addressBlockOf } from './address-block.ts'
import { findUserNameFault } from './user-name.ts'

type Refusal = {
  readonly name: string
  readonly address: string
  readonly requestId: string
  readonly reason: string
}

type Window = { startedAt: number; count: number }

const entriesPerMinute = 20
/** From all addresses together: whoever has many must not fill the log either. */
const entriesPerMinuteOverall = 600
const addressesMax = 10_000
const minuteMs = 60_000

/**
 * Tells the audit log of sign-ins that were refused. Who guesses all day would fill it: from one address 20 entries a
 * minute are written, then one that says that more were left out, and how many when the next minute's first one comes.
 * From all together 600 are written.
 */
export class Refusals {
  readonly #database: Database
  readonly #now: () => number
  readonly #windows = new LRUCache<string, Window>({ max: addressesMax })
  #overall: Window = { startedAt: 0, count: 0 }

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Does not fail when the database cannot take it: the refusal itself is what matters. */
  async note(refusal: Refusal): Promise<void> {
    const now = this.#now()
    const block = addressBlockOf(refusal.address)
    const { window, leftOut } = nextIn(this.#windows.get(block), now, entriesPerMinute)
    this.#windows.set(block, window)
    if (window.count > entriesPerMinute + 1) return
    this.#overall = nextIn(this.#overall, now, entriesPerMinuteOverall).window
    if (this.#overall.count > entriesPerMinuteOverall) return
    const isLast = window.count > entriesPerMinute
    const after = isLast
      ? { reason: 'tooManyToList' }
      : { reason: refusal.reason, ...(leftOut > 0 && { leftOutBefore: leftOut }) }
    await this.#write(refusal, isLast ? '' : refusal.name, after, now)
  }

  async #write(refusal: Refusal, name: string, after: object, now: number): Promise<void> {
    const context: RequestContext = {
      actor: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' },
      address: refusal.address,
      requestId: refusal.requestId,
    }
    const event = {
      action: 'session.refused',
      targetKind: 'user',
      // People type their password into the wrong field. What cannot be a name is not written down.
      target: findUserNameFault(name) === undefined ? name : '',
      project: '',
      outcome: 'denied',
      after,
    } as const
    try {
      const at = new Date(now).toISOString()
      // Relaxed: after a power cut the guesses of the last moment may be missing. Whoever guesses does not make the disk wait.
      await this.#database.relaxedTransaction((tx) => insertAuditEntry(tx, context, event, at))
    } catch (error) {
      if (!(error instanceof BerthError)) throw error
    }
  }
}

/** One more in the window of this minute, or the first of a new one; `leftOut` of the one before, when that is over. */
function nextIn(
  window: Window | undefined,
  now: number,
  limit: number,
): { window: Window; leftOut: number } {
  if (window !== undefined && window.startedAt > now - minuteMs) {
    return { window: { startedAt: window.startedAt, count: window.count + 1 }, leftOut: 0 }
  }
  const leftOut = Math.max((window?.count ?? 0) - limit, 0)
  return { window: { startedAt: now, count: 1 }, leftOut }
}
