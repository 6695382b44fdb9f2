import type { CompiledQuery, Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** A Kysely bound to one open transaction. */
export type Transaction = Kysely<Schema>

/** What a query needs when it may run inside or outside a transaction. */
export type Executor = Kysely<Schema>

/**
 * The metadata database. Two engines live behind it: `sqlite.ts` (one process) and `postgres.ts`.
 * Their own failures are translated: a full disk throws `storageFull`, a lost or busy database `unavailable`.
 */
export interface Database {
  readonly kind: 'sqlite' | 'postgres'

  /** For reads outside a transaction. Sees everything that was committed before. */
  readonly read: Executor

  /**
   * Runs `work` in one transaction; when the promise resolves, the commit is on disk.
   * `work` must do database work only, no other I/O: on SQLite everyone else waits. It may be run
   * again after a serialisation conflict, so it must not change anything outside. A throw rolls back.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>

  /**
   * As `transaction`, but the commit may still be lost to a power cut (never to a crash of the process).
   * Only for what a client can repeat: upload sessions and their progress.
   */
  relaxedTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>

  /**
   * As `transaction`, for work in the background that must never hold up a request: when another transaction holds
   * a row that it needs, it lets go of everything and answers `undefined`. Nothing has changed then; ask again later.
   */
  yieldingTransaction<T extends {}>(work: (tx: Transaction) => Promise<T>): Promise<T | undefined>

  /** Compiles a read once, for the hot paths. `p('name')` stands for the value given at each run. */
  prepare<Parameters extends object, Row>(
    build: (db: Executor, p: Placeholder<Parameters>) => { compile(): CompiledQuery<Row> },
  ): PreparedRead<Parameters, Row>

  /** Releases every connection. Calling it twice is harmless. */
  close(): Promise<void>
}

export type Placeholder<Parameters> = <Name extends keyof Parameters & string>(
  name: Name,
) => Parameters[Name]

export type PreparedRead<Parameters, Row> = {
  /** The first row, or `undefined`. */
  first(parameters: Parameters): Promise<Row | undefined>
  all(parameters: Parameters): Promise<Row[]>
}

/** Both engines limit the values of one statement; longer lists go in several. */
const portionSize = 500

/** Runs `work` on at most 500 items at a time, in order; not at all when there are none. */
export async function inPortions<Item>(
  items: readonly Item[],
  work: (portion: Item[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += portionSize) {
    await work(items.slice(start, start + portionSize))
  }
}
