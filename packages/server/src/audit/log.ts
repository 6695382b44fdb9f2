import { type AuditEntry, countUnsealed, hashesAt } from '../metadata/audit-entries.ts'
import { type AuditFilter, findAuditPage } from '../metadata/audit-pages.ts'
import { type ChainPlace, listPlaces, readPlace } from '../metadata/audit-state.ts'
import type { Database } from '../metadata/database.ts'
import type { ExportedEntry } from './entry-line.ts'
import { genesis } from './hash.ts'

const entriesAtOnce = 200
const unsealedCountedMax = 100_000

export type { AuditEntry, AuditFilter, ChainPlace }

type TargetStatus = {
  readonly name: string
  /** The entry that it took last. */
  readonly position: number
  /** Sealed entries that it has not taken yet. */
  readonly waiting: number
  /** Why the last try of this process failed; `undefined` while it works. */
  readonly failure: string | undefined
}

/** How far the chain, its removal by age and each target of forwarding have come. */
export type AuditStatus = {
  readonly head: ChainPlace
  readonly removed: ChainPlace
  /** Counted up to 100,000. */
  readonly unsealed: number
  readonly forwarded: readonly TargetStatus[]
}

/** Reads the audit log. Who may read what is the caller's business. */
export class AuditLog {
  readonly #database: Database
  readonly #targets: readonly string[]
  readonly #failures: ReadonlyMap<string, string>

  constructor(parts: {
    database: Database
    /** Names of the targets that entries are forwarded to. */
    targets?: readonly string[]
    /** By the name of the target. */
    failures?: ReadonlyMap<string, string>
  }) {
    this.#database = parts.database
    this.#targets = parts.targets ?? []
    this.#failures = parts.failures ?? new Map<string, string>()
  }

  /**
   * A page, the newest entries first. It may hold fewer than `limit` entries, even none, and have a `next` all the same:
   * one page looks through a bounded part of the log.
   */
  findPage(
    filter: AuditFilter,
    page: { after: number | undefined; limit: number },
  ): Promise<{ entries: AuditEntry[]; next: number | undefined }> {
    return findAuditPage(this.#database.read, filter, { order: 'newest', ...page })
  }

  /** Every entry that the filter finds, oldest first, in portions: the next one is read when it is asked for. */
  async *portions(filter: AuditFilter): AsyncGenerator<ExportedEntry[]> {
    let after: number | undefined
    do {
      const page = await findAuditPage(this.#database.read, filter, {
        order: 'oldest',
        after,
        limit: entriesAtOnce,
      })
      yield await this.#withPrevious(page.entries)
      after = page.next
    } while (after !== undefined)
  }

  /** The end of the chain. Kept elsewhere, it proves later that nothing up to there has changed. */
  async head(): Promise<ChainPlace> {
    return (await readPlace(this.#database.read, 'chain')) ?? genesis
  }

  async status(): Promise<AuditStatus> {
    const places = await listPlaces(this.#database.read)
    const place = (name: string) => {
      const found = places.find((candidate) => candidate.name === name)
      return found ? { position: found.position, hash: found.hash } : genesis
    }
    const [head, removed] = [place('chain'), place('retention')]
    return {
      head,
      removed,
      unsealed: await countUnsealed(this.#database.read, unsealedCountedMax),
      forwarded: this.#targets.map((name) => {
        const { position } = place(`forward:${name}`)
        const waiting = Math.max(0, head.position - Math.max(position, removed.position))
        return { name, position, waiting, failure: this.#failures.get(name) }
      }),
    }
  }

  async #withPrevious(entries: readonly AuditEntry[]): Promise<ExportedEntry[]> {
    const before = entries.flatMap(({ position }) => (position === null ? [] : [position - 1]))
    const hashes = await hashesAt(this.#database.read, before)
    for (const place of [genesis, await readPlace(this.#database.read, 'retention')]) {
      if (place) hashes.set(place.position, place.hash)
    }
    return entries.map((entry) => ({
      ...entry,
      previous_hash: (entry.position === null ? undefined : hashes.get(entry.position - 1)) ?? null,
    }))
  }
}
