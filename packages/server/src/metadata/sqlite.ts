import { mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type CompiledQuery, Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import { BerthError } from '../errors.ts'
import type { Database, Executor, Placeholder } from './database.ts'
import { migrate } from './migrate.ts'
import { compileTemplate } from './prepared.ts'
import type { Schema } from './schema.ts'
import { openSyncGate } from './sync-gate.ts'
import { startCheckpoints } from './sqlite-checkpoint.ts'
import { EpochCache, TurnSnapshot } from './sqlite-snapshot.ts'
import { openWithReserve } from './sqlite-reserve.ts'

const busyTimeoutMs = 5_000

/**
 * Opens (and creates) the embedded database: one writer connection behind a queue, one reader beside it.
 *
 * SQLite itself runs with `synchronous=NORMAL`, which writes each commit to the write-ahead log but does not
 * sync it. Berth syncs the log in the thread pool before it acknowledges, and commits that come close together
 * share one sync: the durability of `FULL` without stopping the event loop for each commit.
 */
export async function openSqlite(options: { file: string }): Promise<Database> {
  const file = resolve(options.file)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  return openWithReserve(file, () => openFile(file))
}

async function openFile(file: string): Promise<Database> {
  const writer = openConnection(file)
  try {
    return await openOver(writer, file)
  } catch (error) {
    if (writer.isOpen) writer.close()
    throw error
  }
}

async function openOver(writer: DatabaseSync, file: string): Promise<Database> {
  writer.exec('pragma journal_mode = wal')
  writer.exec('pragma synchronous = normal')
  // Checkpoints sync two files; the checkpoint thread does that, not the event loop.
  writer.exec('pragma wal_autocheckpoint = 0')
  writer.exec('pragma foreign_keys = on')
  writer.exec('pragma cache_size = -16384')

  const writes = kyselyOver(writer, () => undefined)
  writer.exec('begin immediate')
  try {
    // Kysely runs DDL through the same connection, so all of it is in this transaction.
    await migrate(writes as unknown as Kysely<unknown>, 'sqlite')
    writer.exec('commit')
  } catch (error) {
    if (writer.isTransaction) writer.exec('rollback')
    throw error
  }

  const reader = openConnection(file)
  reader.exec('pragma query_only = on')
  reader.exec('pragma cache_size = -16384')
  const snapshot = new TurnSnapshot(reader)
  const reads = kyselyOver(reader, () => snapshot.enter())

  await syncFolder(dirname(file))
  const log = await open(`${file}-wal`, 'r')
  const gate = openSyncGate(() => log.datasync())
  await gate.sync()
  const checkpoints = startCheckpoints(file)

  let tail: Promise<unknown> = Promise.resolve()
  let closed = false

  async function commit<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
    writer.exec('begin immediate')
    try {
      const result = await work(writes)
      writer.exec('commit')
      snapshot.leave()
      checkpoints.noteCommit()
      return result
    } catch (error) {
      if (writer.isTransaction) writer.exec('rollback')
      throw error
    }
  }

  function inTurn<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
    if (closed) return Promise.reject(new BerthError('unavailable', 'The database is closed.'))
    if (gate.broken) return Promise.reject(gate.broken)
    const turn = tail.then(() => commit(work))
    tail = turn.catch(() => undefined)
    return turn.catch((error: unknown) => {
      throw translate(error)
    })
  }

  async function inTransaction<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
    const result = await inTurn(work)
    await gate.sync()
    return result
  }

  return {
    kind: 'sqlite',
    read: reads,
    relaxedTransaction: inTurn,
    transaction: inTransaction,
    // One writer at a time holds no row that another could need.
    yieldingTransaction: inTransaction,
    prepare<Parameters extends object, Row>(
      build: (db: Executor, p: Placeholder<Parameters>) => { compile(): CompiledQuery<Row> },
    ) {
      const template = compileTemplate<Parameters, Row>(reads, build)
      const statement = reader.prepare(template.sql)
      const cache = new EpochCache<Row>(snapshot)
      return {
        // Not `async`: the answer is there at once, and these are the hottest lines of the server.
        first: (parameters: Parameters) =>
          attempt(() => {
            const values = template.bind(parameters) as SQLInputValue[]
            return cache.first(values, () => statement.get(...values) as Row | undefined)
          }),
        all: (parameters: Parameters) =>
          attempt(() => {
            snapshot.enter()
            return statement.all(...(template.bind(parameters) as SQLInputValue[]))
          }),
      }
    },
    async close() {
      if (closed) return
      closed = true
      await tail
      await checkpoints.stop()
      await log.close()
      snapshot.leave()
      reader.close()
      writer.close()
    },
  }
}

function openConnection(file: string): DatabaseSync {
  const connection = new DatabaseSync(file)
  connection.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
  return connection
}

function attempt<Result>(run: () => unknown): Promise<Result> {
  try {
    return Promise.resolve(run() as Result)
  } catch (error) {
    return Promise.reject(translate(error))
  }
}

/** `prepareToRead` is called before each query that returns rows. */
function kyselyOver(connection: DatabaseSync, prepareToRead: () => void): Kysely<Schema> {
  const statements = new Map<string, StatementSync>()
  const database: SqliteDatabase = {
    close: () => undefined,
    prepare(sql) {
      let statement = statements.get(sql)
      if (!statement) {
        // The set of queries is small, but list lengths (`in (?, ?, …)`) make new ones.
        if (statements.size >= 500) statements.clear()
        statement = connection.prepare(sql)
        statements.set(sql, statement)
      }
      const prepared = statement
      return {
        reader: prepared.columns().length > 0,
        all: (parameters) => {
          prepareToRead()
          return prepared.all(...(parameters as SQLInputValue[]))
        },
        run: (parameters) => prepared.run(...(parameters as SQLInputValue[])),
        iterate: () => {
          throw new Error('Rows are read in pages, not streamed.')
        },
      }
    },
  }
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database }) })
}

/** A new log file is only safe once its name is: sync the folder that holds it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function translate(error: unknown): unknown {
  const code = (error as { errcode?: unknown }).errcode
  if (typeof code !== 'number') return error
  // The low byte is the primary result code: https://sqlite.org/rescode.html
  switch (code & 0xff) {
    case 13:
      return new BerthError(
        'storageFull',
        'The disk that holds the database is full. Free space, then try again.',
        { cause: error },
      )
    case 5:
    case 6:
    case 8:
    case 10:
    case 11:
    case 14:
    case 26:
      return new BerthError('unavailable', 'The database cannot be used at the moment.', {
        cause: error,
      })
    default:
      return error
  }
}
