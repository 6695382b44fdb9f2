import { randomUUID } from 'node:crypto'
import { type AuditEntry, chainAfter, type SealedEntry } from '../metadata/audit-entries.ts'
import {
  type ChainPlace,
  leasePlace,
  type PlaceName,
  readPlace,
  returnPlace,
} from '../metadata/audit-state.ts'
import type { Database } from '../metadata/database.ts'
import { type ExportedEntry, jsonLine } from './entry-line.ts'
import { genesis } from './hash.ts'

const entriesAtOnce = 100
const charactersAtOnce = 1024 * 1024
/** Longer than any target may take for one batch. A process that ends in between leaves its lease to run out. */
const leaseMs = 120_000

const sendTimeoutMs = 30_000

/** An entry on its way out, with the line that an export would have. */
export type OutgoingEntry = {
  readonly entry: ExportedEntry & SealedEntry
  readonly line: string
}

/** Something outside that entries are sent to. */
export interface AuditTarget {
  readonly name: string
  /** Resolves when the target has taken all of them, in this order; throws otherwise. */
  send(entries: readonly OutgoingEntry[], signal: AbortSignal): Promise<void>
}

/**
 * Sends sealed entries to one target, in the order of the chain and at least once: how far it came is noted down after
 * the target took a batch, so a crash in between sends that batch again. One process at a time does it.
 */
export class AuditForwarder {
  readonly #database: Database
  readonly #target: AuditTarget
  readonly #now: () => number
  readonly #owner = randomUUID()

  constructor(parts: { database: Database; target: AuditTarget; now: () => number }) {
    this.#database = parts.database
    this.#target = parts.target
    this.#now = parts.now
  }

  get name(): string {
    return this.#target.name
  }

  /**
   * Sends the next batch. `idle`: there is none, or another process is at it. Throws what the target throws; then the
   * same batch comes next.
   */
  async sendNext(signal: AbortSignal): Promise<'sent' | 'idle'> {
    const place: PlaceName = `forward:${this.#target.name}`
    const known = await readPlace(this.#database.read, place)
    // Most calls find nothing: they write nothing either.
    if (known && (await this.#batchAfter(await this.#startOf(known))).length === 0) return 'idle'
    const leased = await this.#lease(place)
    if (leased === undefined) return 'idle'
    let reached = leased
    try {
      const batch = await this.#batchAfter(await this.#startOf(leased))
      const last = batch.at(-1)?.entry
      if (last === undefined) return 'idle'
      await this.#target.send(batch, AbortSignal.any([signal, AbortSignal.timeout(sendTimeoutMs)]))
      reached = { position: last.position, hash: last.hash }
      return 'sent'
    } finally {
      await this.#return(place, reached)
    }
  }

  /** What retention removed before the target could take it is gone. */
  async #startOf(place: ChainPlace): Promise<ChainPlace> {
    const removed = await readPlace(this.#database.read, 'retention')
    return removed && removed.position > place.position ? removed : place
  }

  async #batchAfter(place: ChainPlace): Promise<OutgoingEntry[]> {
    const entries = await chainAfter(this.#database.read, {
      after: place.position,
      limit: entriesAtOnce,
    })
    const batch: OutgoingEntry[] = []
    let previous = place.hash
    let characters = 0
    for (const entry of entries.filter(isSealed)) {
      const exported = { ...entry, previous_hash: previous }
      const line = jsonLine(exported)
      characters += line.length
      if (batch.length > 0 && characters > charactersAtOnce) break
      batch.push({ entry: exported, line })
      previous = entry.hash
    }
    return batch
  }

  #lease(name: PlaceName): Promise<ChainPlace | undefined> {
    const now = this.#now()
    return this.#database.transaction((tx) =>
      leasePlace(tx, name, {
        first: genesis,
        owner: this.#owner,
        now: new Date(now).toISOString(),
        until: new Date(now + leaseMs).toISOString(),
      }),
    )
  }

  async #return(name: PlaceName, place: ChainPlace): Promise<void> {
    const now = new Date(this.#now()).toISOString()
    await this.#database.transaction((tx) =>
      returnPlace(tx, name, { owner: this.#owner, now, place }),
    )
  }
}

function isSealed(entry: AuditEntry): entry is SealedEntry {
  return entry.position !== null && entry.hash !== null
}
