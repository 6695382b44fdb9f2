import { countUnsealed, sealEntries, unsealedEntries } from '../metadata/audit-entries.ts'
import { lockPlace, movePlace } from '../metadata/audit-state.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { genesis, hashEntry } from './hash.ts'

const entriesAtOnce = 500

/**
 * Gives entries their place in the chain, after they were written: a chain written together with the entries would make
 * all pushes wait for one another. One sealer works at a time, on whatever node: it holds the head of the chain. An
 * entry whose transaction ends after later ones were sealed gets the next place like any other, so positions follow the
 * order of sealing, and within it that of the ids.
 */
export class AuditSealer {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Seals everything that was committed before the call; answers how many entries that were. Each portion is a transaction. */
  async seal(): Promise<number> {
    let sealed = 0
    // Most calls find nothing: they cost one look into an index and hold nobody up.
    while ((await countUnsealed(this.#database.read, 1)) > 0) {
      const count = await this.#database.transaction((tx) => this.#sealPortion(tx))
      sealed += count
      if (count < entriesAtOnce) break
    }
    return sealed
  }

  async #sealPortion(tx: Transaction): Promise<number> {
    const now = new Date(this.#now()).toISOString()
    let place = await lockPlace(tx, 'chain', genesis, now)
    const entries = await unsealedEntries(tx, entriesAtOnce)
    const seals = entries.map((entry) => {
      const position = place.position + 1
      place = { position, hash: hashEntry(place.hash, position, entry) }
      return { id: entry.id, ...place }
    })
    await sealEntries(tx, seals)
    if (seals.length > 0) await movePlace(tx, 'chain', place, now)
    return seals.length
  }
}
