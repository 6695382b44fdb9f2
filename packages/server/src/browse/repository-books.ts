import { setTimeout as wait } from 'node:timers/promises'
import type { Database, Transaction } from '../metadata/database.ts'
import { addFigures, type FigureChange, foldFigures } from '../metadata/repository-figures.ts'
import type { RegistryEvent } from '../registry/admission.ts'

/** Small, so that the single writer of SQLite is not held for long. */
const deltasPerTransaction = 500

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
    while (!options.signal?.aborted) {
      const count = await this.#database.yieldingTransaction((tx) =>
        foldFigures(tx, deltasPerTransaction),
      )
      if (count !== deltasPerTransaction) return
      // Requests come first.
      await wait(1)
    }
  }

  #changeOf(event: RegistryEvent): FigureChange | undefined {
    switch (event.kind) {
      case 'blobLinked':
        return { bytes: event.size, tags: 0, pushedAt: '' }
      case 'manifestPushed':
        return {
          bytes: event.isNew ? event.size : 0,
          tags: 0,
          pushedAt: new Date(this.#now()).toISOString(),
        }
      case 'blobUnlinked':
      case 'manifestDeleted':
        return { bytes: -event.size, tags: 0, pushedAt: '' }
      case 'tagCreated':
        return { bytes: 0, tags: 1, pushedAt: '' }
      case 'tagDeleted':
        return { bytes: 0, tags: -1, pushedAt: '' }
      // A tag is moved by a push.
      case 'tagMoved':
      case 'repositoryCreated':
      case 'repositoryRemoved':
        return undefined
    }
  }
}
