import { setTimeout as wait } from 'node:timers/promises'
import { type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { BerthError } from '../errors.ts'
import type { Database, Executor, Placeholder } from './database.ts'
import { migrate } from './migrate.ts'
import { compileTemplate } from './prepared.ts'
import type { Schema } from './schema.ts'

const int8 = 20
const migrationLock = 7_310_412_905
const attempts = 5
// Far below the second after which PostgreSQL looks for a deadlock and ends one side of it, perhaps a push.
const yieldAfterMs = 20

/** Opens a PostgreSQL database (13 or newer) and brings its schema up to date. */
export async function openPostgres(options: {
  url: string
  maxConnections: number
}): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    connectionTimeoutMillis: 10_000,
    // An acknowledged write is on disk, whatever the server's own default says.
    options: '-c synchronous_commit=on',
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        // Sizes and ids stay below 2^53, so a number is exact.
        oid === int8
          ? Number
          : // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- pg's enum is a list of numbers
            pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  })
  // A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => undefined)
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  let statements = 0
  let closed = false

  async function inTransaction<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await db.transaction().execute(work)
      } catch (error) {
        if (attempt >= attempts || !isConflict(error)) throw translate(error)
        await wait(Math.random() * 10 * attempt)
      }
    }
  }

  const database: Database = {
    kind: 'postgres',
    read: db,
    transaction: inTransaction,
    relaxedTransaction: (work) =>
      inTransaction(async (tx) => {
        await sql`set local synchronous_commit = off`.execute(tx)
        return work(tx)
      }),
    async yieldingTransaction(work) {
      try {
        return await db.transaction().execute(async (tx) => {
          await sql`set local lock_timeout = ${sql.lit(yieldAfterMs)}`.execute(tx)
          return work(tx)
        })
      } catch (error) {
        if (isConflict(error) || isLockTimeout(error)) return undefined
        throw translate(error)
      }
    },
    prepare<Parameters extends object, Row>(
      build: (db: Executor, p: Placeholder<Parameters>) => { compile(): CompiledQuery<Row> },
    ) {
      const template = compileTemplate<Parameters, Row>(db, build)
      statements += 1
      const name = `berth-${statements}`
      const run = async (parameters: Parameters): Promise<Row[]> => {
        try {
          const result = await pool.query({
            name,
            text: template.sql,
            values: template.bind(parameters),
          })
          return result.rows as Row[]
        } catch (error) {
          throw translate(error)
        }
      }
      return { all: run, first: async (parameters: Parameters) => (await run(parameters))[0] }
    },
    async close() {
      if (closed) return
      closed = true
      await db.destroy()
    },
  }

  try {
    await inTransaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(tx)
      await migrate(tx as unknown as Kysely<unknown>, 'postgres')
    })
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

/** Deadlock, or two transactions that cannot both be first: the same work can be tried again. */
function isConflict(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return code === '40001' || code === '40P01'
}

function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03'
}

function translate(error: unknown): unknown {
  if (error instanceof BerthError) return error
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return error
  if (code === '53100') {
    return new BerthError(
      'storageFull',
      'The disk that holds the database is full. Free space, then try again.',
      { cause: error },
    )
  }
  // Class 08 connection, 53 resources, 57 operator intervention; the rest are socket errors.
  if (/^(08|53|57|25006)/.test(code) || /^E[A-Z]+$/.test(code)) {
    return new BerthError('unavailable', 'The database cannot be reached at the moment.', {
      cause: error,
    })
  }
  return error
}
