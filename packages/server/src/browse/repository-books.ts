import type { Database, Transaction } from '../metadata/database.ts'
import { foldDeltas } from '../metadata/fold-deltas.ts'
import { addFigures, type FigureChange, foldFigures } from '../metadata/repository-figures.ts'
import { heldBytes, type RegistryEvent } from '../registry/admission.ts'

/**
 * The books of what each repository holds and when it was pushed to, for lists. Every change adds a row in its own
 * transaction; now and then the rows are folded into the row of the repository, which lists are sorted by.
 */
export class RepositoryBooks {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Called for every event of the registry, in its transaction. */
  async record(tx: Transaction, event: RegistryEvent): Promise<void> {
    const change = this.#changeOf(event)
    if (change) await addFigures(tx, event.repository.id, change)
  }

  /** Folds what has come since the last time. Stops early, between two transactions, when `signal` says so. */
  async fold(options: { signal?: AbortSignal } = {}): Promise<void> {
    await foldDeltas(this.#database, foldFigures, options)
  }

  /** A push of what was there before changes no bytes, but is a push all the same. */
  #changeOf(event: RegistryEvent): FigureChange | undefined {
    const bytes = heldBytes(event)
    const tags = event.kind === 'tagCreated' ? 1 : event.kind === 'tagDeleted' ? -1 : 0
    const isPush = event.kind === 'manifestPushed'
    if (bytes === 0 && tags === 0 && !isPush) return undefined
    return { bytes, tags, pushedAt: isPush ? new Date(this.#now()).toISOString() : '' }
  }
}
