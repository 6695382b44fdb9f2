import type { RequestContext } from '../actor.ts'
import { chainAfter, insertAuditEntry, removeEntries } from '../metadata/audit-entries.ts'
import { type ChainPlace, lockPlace, movePlace, readPlace } from '../metadata/audit-state.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { genesis } from './hash.ts'

const entriesAtOnce = 500
const dayMs = 86_400_000

const context: RequestContext = {
  actor: { kind: 'system', id: 'retention', name: 'retention' },
  address: '',
  requestId: '',
}

/**
 * Removes old entries from the beginning of the chain. The place and the hash of the last one are kept, and verification
 * begins there. What a target of forwarding has not taken stays, however old, and so does the last entry of all.
 */
export class AuditRetention {
  readonly #database: Database
  readonly #days: number
  readonly #targets: readonly string[]
  readonly #now: () => number

  constructor(parts: {
    database: Database
    /** 0: nothing is removed. */
    retentionDays: number
    /** Names of the targets that entries are forwarded to. */
    targets: readonly string[]
    now: () => number
  }) {
    this.#database = parts.database
    this.#days = parts.retentionDays
    this.#targets = parts.targets
    this.#now = parts.now
  }

  /** Removes what is due, in small transactions, each of which leaves an entry `audit.trimmed`. Answers how many were removed. */
  async run(options: { signal?: AbortSignal } = {}): Promise<number> {
    if (this.#days === 0) return 0
    let removed = 0
    for (;;) {
      if (options.signal?.aborted) return removed
      const count = await this.#database.transaction((tx) => this.#removePortion(tx))
      removed += count
      if (count < entriesAtOnce) return removed
    }
  }

  async #removePortion(tx: Transaction): Promise<number> {
    const now = new Date(this.#now()).toISOString()
    const cutoff = new Date(this.#now() - this.#days * dayMs).toISOString()
    const anchor = await lockPlace(tx, 'retention', genesis, now)
    const last = await this.#lastRemovable(tx)
    const entries = await chainAfter(tx, { after: anchor.position, limit: entriesAtOnce })
    const stop = entries.findIndex(({ at, position }) => at >= cutoff || (position ?? 0) > last)
    const due = stop === -1 ? entries : entries.slice(0, stop)
    const end = due.at(-1)
    if (typeof end?.position !== 'number' || end.hash === null) return 0
    const place: ChainPlace = { position: end.position, hash: end.hash }
    await removeEntries(tx, place.position)
    await movePlace(tx, 'retention', place, now)
    await insertAuditEntry(
      tx,
      context,
      {
        action: 'audit.trimmed',
        targetKind: 'audit',
        target: 'audit',
        project: '',
        after: { entries: due.length, through: place.position, olderThan: cutoff },
      },
      now,
    )
    return due.length
  }

  async #lastRemovable(tx: Transaction): Promise<number> {
    const head = (await readPlace(tx, 'chain')) ?? genesis
    let last = head.position - 1
    for (const name of this.#targets) {
      const taken = (await readPlace(tx, `forward:${name}`)) ?? genesis
      last = Math.min(last, taken.position)
    }
    return last
  }
}
