import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Another process's commit is seen after so long at the latest, even in the middle of a long turn. */
const longestMs = 1

/**
 * Lets the reads of one turn of the event loop share one read transaction. Beginning and ending one takes a few system
 * calls, several times the cost of an indexed read itself.
 */
export class TurnSnapshot {
  readonly #begin: StatementSync
  readonly #end: StatementSync
  readonly #dataVersion: StatementSync
  readonly #leaveLater: () => void
  #seenVersion: unknown
  #epoch = 0
  #openedAt = 0
  #isOpen = false
  #isScheduled = false

  constructor(connection: DatabaseSync) {
    this.#begin = connection.prepare('begin')
    this.#end = connection.prepare('commit')
    this.#dataVersion = connection.prepare('pragma data_version')
    this.#dataVersion.setReturnArrays(true)
    this.#leaveLater = () => {
      this.#isScheduled = false
      this.leave()
    }
  }

  /** Call it before each read. */
  enter(): void {
    const now = performance.now()
    if (this.#isOpen) {
      if (now - this.#openedAt < longestMs) return
      this.leave()
    }
    this.#begin.run()
    this.#isOpen = true
    this.#openedAt = now
    this.#noteVersion()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#leaveLater)
  }

  /** Stays the same for as long as nothing has been committed: what was read in this epoch is still true. */
  get epoch(): number {
    return this.#epoch
  }

  /** Changes with every commit of any other connection, in this process or another. */
  #noteVersion(): void {
    let version: unknown
    try {
      version = (this.#dataVersion.get() as unknown as [number])[0]
    } catch (error) {
      // A transaction left open here would make every later `begin` fail.
      this.leave()
      throw error
    }
    if (version === this.#seenVersion) return
    this.#seenVersion = version
    this.#epoch += 1
  }

  /** Call it after each commit of this process, so that what was written is read at once. */
  leave(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#end.run()
  }
}

/** Larger values are read again rather than kept. */
const keptBytes = 8 * 1024
const keptRows = 1000

/** Answers of one prepared read, kept while nothing is committed. Their rows are shared: nobody changes them. */
export class EpochCache<Row> {
  readonly #snapshot: TurnSnapshot
  readonly #rows = new Map<string, Row | undefined>()
  #epoch = -1

  constructor(snapshot: TurnSnapshot) {
    this.#snapshot = snapshot
  }

  /** The answer for these values, read with `read` if it is not known. */
  first(values: readonly unknown[], read: () => Row | undefined): Row | undefined {
    this.#snapshot.enter()
    if (this.#epoch !== this.#snapshot.epoch) {
      this.#rows.clear()
      this.#epoch = this.#snapshot.epoch
    }
    const key = values.join('\0')
    if (this.#rows.has(key)) return this.#rows.get(key)
    const row = read()
    if (isSmall(row)) {
      if (this.#rows.size >= keptRows) this.#rows.clear()
      this.#rows.set(key, row)
    }
    return row
  }
}

function isSmall(row: unknown): boolean {
  return Object.values(row ?? {}).every(
    (value) => !(value instanceof Uint8Array) || value.byteLength <= keptBytes,
  )
}
