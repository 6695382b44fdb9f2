import type { RequestContext } from '../actor.ts'
import { bumpAccessEpoch } from '../metadata/access-epoch.ts'
import { type AuditEvent, insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database, Transaction } from '../metadata/database.ts'

/** Who asks for a change, and how to make sure, in its transaction, that they may. */
export type ChangeContext = RequestContext & {
  /** Throws `denied` or `notFound` when the caller no longer may; absent for commands on the machine itself. */
  readonly check?: (tx: Transaction) => Promise<void>
}

/** One change under way. */
export type Change = {
  readonly tx: Transaction
  /** ISO 8601. */
  readonly now: string
  /** Writes it to the audit log, in the same transaction. */
  record(event: AuditEvent): Promise<void>
}

/**
 * Every change of who may do what goes through here: in one transaction the caller's permission is looked up again, the
 * access epoch is counted up, so that no cache anywhere answers from before, and the audit log tells of it.
 */
export class AccessChanges {
  readonly #database: Database
  readonly #now: () => number

  constructor(database: Database, now: () => number) {
    this.#database = database
    this.#now = now
  }

  /** Runs `work` in one transaction; it may run again after a conflict, so it changes nothing outside. */
  run<T>(context: ChangeContext, work: (change: Change) => Promise<T>): Promise<T> {
    return this.#database.transaction(async (tx) => {
      const now = new Date(this.#now()).toISOString()
      // First: it locks the epoch, so that two changes of access follow one another and see each other's outcome.
      await bumpAccessEpoch(tx)
      await context.check?.(tx)
      return work({ tx, now, record: (event) => insertAuditEntry(tx, context, event, now) })
    })
  }
}
