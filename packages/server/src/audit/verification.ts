import { setImmediate as turn } from 'node:timers/promises'
import { BerthError } from '../errors.ts'
import { type AuditEntry, chainAfter, countUnsealed, entryAt } from '../metadata/audit-entries.ts'
import { type ChainPlace, readPlace } from '../metadata/audit-state.ts'
import type { Database } from '../metadata/database.ts'
import { genesis, hashEntry } from './hash.ts'

const entriesAtOnce = 500
const unsealedCountedMax = 100_000

/** The first thing that is wrong with the chain. */
export type ChainFault = {
  readonly position: number
  /** Of the row at that position; `undefined` when there is none. */
  readonly id: number | undefined
  /**
   * `altered`: the row does not match its hash, or stands at another's place. `missing`: there is no row. `inserted`: a
   * row where there should be none. `head`: the end that was noted down does not match. `expected`: nor does the place
   * that the caller kept.
   */
  readonly check: 'altered' | 'missing' | 'inserted' | 'head' | 'expected'
}

export type ChainReport = {
  readonly fault: ChainFault | undefined
  /** Entries whose hash was computed anew and found right. */
  readonly verified: number
  /** Where it began: after this place. */
  readonly after: ChainPlace
  /** The last entry that was found right. */
  readonly head: ChainPlace
  /** Entries that wait for their place in the chain; counted up to 100,000. */
  readonly unsealed: number
}

type VerifyOptions = {
  /** Begin at this position, taking the hash before it on trust. */
  readonly from?: number
  /** A place that was kept outside of the database: the chain must go through it. */
  readonly expected?: ChainPlace
  readonly signal?: AbortSignal
  readonly onProgress?: (verified: number) => void
}

/**
 * Computes the chain anew and compares. It proves that nothing between the beginning and the head was changed without
 * computing all later hashes anew; whoever can write the database can do that too, so compare with a head that was kept
 * elsewhere (`expected`).
 */
export class AuditVerification {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /**
   * Goes through the chain in portions, beside a server that may be running.
   * Throws `requestInvalid` when `from` lies beyond the chain or before its beginning, or `expected` before it.
   */
  async run(options: VerifyOptions = {}): Promise<ChainReport> {
    for (;;) {
      const retained = await this.#place('retention')
      const report = await this.#walk(await this.#start(options.from, retained), options)
      const { fault } = report
      // Retention may have removed the beginning while it was being read: then that is no fault.
      if (fault === undefined || (await this.#place('retention')).position <= retained.position)
        return report
    }
  }

  async #start(from: number | undefined, retained: ChainPlace): Promise<ChainPlace> {
    if (from === undefined || from === retained.position + 1) return retained
    const before = await entryAt(this.#database.read, from - 1)
    if (typeof before?.hash === 'string') return { position: from - 1, hash: before.hash }
    const head = await this.#place('chain')
    throw new BerthError(
      'requestInvalid',
      `Verification can begin at the positions ${retained.position + 1} to ${head.position + 1}, where the entry before is there, not at ${from}.`,
      { details: [{ field: 'from', rule: 'range' }] },
    )
  }

  async #walk(after: ChainPlace, options: VerifyOptions): Promise<ChainReport> {
    let last = after
    let verified = 0
    const report = async (fault: ChainFault | undefined): Promise<ChainReport> => {
      const unsealed = await countUnsealed(this.#database.read, unsealedCountedMax)
      return { fault, verified, after, head: last, unsealed }
    }
    if (isOther(after, options.expected))
      return report({ position: after.position, id: undefined, check: 'expected' })
    refuseEarlier(after, options.expected)
    // Without `from` the very first row is looked at, so that one before the beginning is found too.
    let cursor = options.from === undefined ? undefined : after.position
    let head = await this.#place('chain')
    for (;;) {
      options.signal?.throwIfAborted()
      const entries = await chainAfter(this.#database.read, { after: cursor, limit: entriesAtOnce })
      for (const entry of entries) {
        // Sealed while this was reading.
        if (last.position >= head.position) head = await this.#place('chain')
        const fault = faultOf(entry, last, head)
        if (fault) return report(fault)
        last = { position: last.position + 1, hash: entry.hash ?? '' }
        verified += 1
        if (isOther(last, options.expected)) return report({ ...at(entry), check: 'expected' })
      }
      options.onProgress?.(verified)
      cursor = last.position
      if (entries.length === entriesAtOnce) {
        // On SQLite every read holds the thread.
        await turn()
        continue
      }
      const fault = await this.#faultAtEnd(last, options)
      if (fault !== 'more') return report(fault)
    }
  }

  /** Whether the chain ends where it should; `more` when it has grown in the meantime. */
  async #faultAtEnd(
    last: ChainPlace,
    { expected }: VerifyOptions,
  ): Promise<ChainFault | 'more' | undefined> {
    const head = await this.#place('chain')
    if (head.position !== last.position) {
      const [next] = await chainAfter(this.#database.read, { after: last.position, limit: 1 })
      if (next) return 'more'
      if (head.position > last.position)
        return { position: last.position + 1, id: undefined, check: 'missing' }
    }
    if (head.position !== last.position || head.hash !== last.hash)
      return { position: head.position, id: undefined, check: 'head' }
    if (expected && expected.position > last.position)
      return { position: last.position + 1, id: undefined, check: 'missing' }
    return undefined
  }

  async #place(name: 'chain' | 'retention'): Promise<ChainPlace> {
    return (await readPlace(this.#database.read, name)) ?? genesis
  }
}

function faultOf(entry: AuditEntry, last: ChainPlace, head: ChainPlace): ChainFault | undefined {
  const position = last.position + 1
  if (entry.position !== position) {
    // It may be anything: on SQLite a column holds what is put into it.
    if (typeof entry.position === 'number' && entry.position > position)
      return position > head.position
        ? { ...at(entry), check: 'inserted' }
        : { position, id: undefined, check: 'missing' }
    return { ...at(entry), check: 'inserted' }
  }
  if (position > head.position) return { ...at(entry), check: 'inserted' }
  if (hashEntry(last.hash, position, entry) !== entry.hash)
    return { ...at(entry), check: 'altered' }
  return undefined
}

function at(entry: AuditEntry): { position: number; id: number } {
  return { position: entry.position ?? 0, id: entry.id }
}

function isOther(place: ChainPlace, expected: ChainPlace | undefined): boolean {
  return place.position === expected?.position && place.hash !== expected.hash
}

function refuseEarlier(after: ChainPlace, expected: ChainPlace | undefined): void {
  if (expected === undefined || expected.position >= after.position) return
  throw new BerthError(
    'requestInvalid',
    `The place to compare with, ${expected.position}, lies before the first entry that is verified, ${after.position + 1}.`,
    { details: [{ field: 'expected', rule: 'range' }] },
  )
}
