import { levelsOf } from '../access/project-name.ts'
import type { RequestContext } from '../actor.ts'
import { type AuditEvent, insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { findProjects } from '../metadata/projects.ts'

const minuteMs = 60_000
const entriesPerMinute = 600
const entriesPerMinuteAndAddress = 60
const entriesAtOnce = 100
const keyPartMax = 512

/** An event whose project is looked up when it is written: the nearest of the repository or project `within`. */
export type NotedEvent =
  | AuditEvent
  | (Omit<AuditEvent, 'project'> & { readonly project?: never; readonly within: string })

type Note = {
  readonly context: RequestContext
  readonly event: NotedEvent
  readonly first: string
  last: string
  count: number
}

const system: RequestContext = {
  actor: { kind: 'system', id: 'audit', name: 'audit' },
  address: '',
  requestId: '',
}

/**
 * Records what happens often and changes nothing: refused requests and sign-ins, and pulls where the settings ask for
 * them. They are gathered in memory, the same by the same caller as one with a count, and written by `flush`. So many kinds
 * a minute at most, so that a stranger fills neither the memory nor the disk; of the rest only the number is kept.
 */
export class RefusalLog {
  readonly #database: Database
  readonly #now: () => number
  #notes = new Map<string, Note>()
  #minute = -1
  #kinds = 0
  readonly #kindsByAddress = new Map<string, number>()
  #leftOut = 0
  #flushing: Promise<number> = Promise.resolve(0)

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Never throws and never waits. */
  note(context: RequestContext, event: NotedEvent): void {
    const now = this.#now()
    const at = new Date(now).toISOString()
    const key = keyOf(context, event)
    const known = this.#notes.get(key)
    if (known) {
      known.count += 1
      known.last = at
      return
    }
    this.#turnMinute(now)
    const fromAddress = this.#kindsByAddress.get(context.address) ?? 0
    if (this.#kinds >= entriesPerMinute || fromAddress >= entriesPerMinuteAndAddress) {
      this.#leftOut += 1
      return
    }
    this.#kinds += 1
    this.#kindsByAddress.set(context.address, fromAddress + 1)
    const { actor, address, requestId } = context
    // Not `context` itself: it may hold on to a whole request.
    this.#notes.set(key, {
      context: { actor, address, requestId },
      event,
      first: at,
      last: at,
      count: 1,
    })
  }

  /**
   * Writes what was gathered; answers how many entries that were. Call it every few seconds, and at the end. When the
   * database cannot take them they are kept for the next time, as far as the limits go, and this throws.
   */
  flush(): Promise<number> {
    const run = this.#flushing.catch(() => 0).then(() => this.#write())
    this.#flushing = run
    return run
  }

  async #write(): Promise<number> {
    let waiting = [...this.#notes]
    let leftOut = this.#leftOut
    let written = 0
    this.#notes = new Map()
    this.#leftOut = 0
    try {
      while (waiting.length > 0) {
        const portion = waiting.slice(0, entriesAtOnce)
        await this.#writePortion(portion)
        waiting = waiting.slice(entriesAtOnce)
        written += portion.length
      }
      if (leftOut > 0) {
        await this.#writeLeftOut(leftOut)
        leftOut = 0
        written += 1
      }
    } finally {
      this.#takeBack(waiting, leftOut)
    }
    return written
  }

  #writePortion(portion: readonly [string, Note][]): Promise<void> {
    return this.#database.transaction(async (tx) => {
      for (const [, { context, event, first, last, count }] of portion) {
        const after = count === 1 ? event.after : countedValue(event.after, { count, until: last })
        const project = event.project ?? (await nearestProject(tx, event.within))
        await insertAuditEntry(tx, context, { ...event, after, project }, first)
      }
    })
  }

  #writeLeftOut(count: number): Promise<void> {
    const at = new Date(this.#now()).toISOString()
    const after = { count }
    return this.#database.transaction((tx) =>
      insertAuditEntry(
        tx,
        system,
        { action: 'audit.leftOut', targetKind: 'audit', target: 'audit', project: '', after },
        at,
      ),
    )
  }

  #takeBack(notes: readonly [string, Note][], leftOut: number): void {
    this.#leftOut += leftOut
    for (const [key, note] of notes) {
      const newer = this.#notes.get(key)
      if (newer)
        this.#notes.set(key, { ...note, last: newer.last, count: note.count + newer.count })
      else if (this.#notes.size < entriesPerMinute) this.#notes.set(key, note)
      else this.#leftOut += note.count
    }
  }

  #turnMinute(now: number): void {
    const minute = Math.floor(now / minuteMs)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#kinds = 0
    this.#kindsByAddress.clear()
  }
}

function keyOf({ actor, address }: RequestContext, event: NotedEvent): string {
  return [
    actor.kind,
    actor.id,
    actor.name,
    address,
    event.action,
    event.targetKind,
    event.target,
    event.outcome,
  ]
    .map((part) => JSON.stringify(part?.slice(0, keyPartMax)))
    .join()
}

async function nearestProject(tx: Transaction, name: string): Promise<string> {
  return (await findProjects(tx, levelsOf(name))).at(-1)?.name ?? ''
}

function countedValue(after: unknown, counted: { count: number; until: string }): unknown {
  if (after === undefined) return counted
  return typeof after === 'object' && after !== null && !Array.isArray(after)
    ? { ...after, ...counted }
    : { value: after, ...counted }
}
