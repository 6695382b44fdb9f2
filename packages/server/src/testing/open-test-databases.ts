import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { Database } from '../metadata/database.ts'
import { openPostgres } from '../metadata/postgres.ts'
import { openSqlite } from '../metadata/sqlite.ts'

export type TestDatabase = { database: Database; close(): Promise<void> }

/** A place for a database, empty. */
export type TestPlace = {
  /** The setting `metadata` with which servers open it. */
  readonly metadata: { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }
  /** Removes it; whoever opened it has to close it first. */
  remove(): Promise<void>
}

const postgresUrl = inject('postgresUrl')

/**
 * Every engine, for tests to loop over. PostgreSQL is the machine's own server, started for the run by
 * `postgres-setup.ts`; where it is not installed the tests are skipped by name, and fail when CI=true.
 */
export const testDatabases: readonly {
  name: string
  available: boolean
  open(): Promise<TestDatabase>
  reserve(): Promise<TestPlace>
}[] = [
  { name: 'sqlite', available: true, open: openTestSqlite, reserve: reserveSqlite },
  {
    name: 'postgres',
    available: process.env.CI === 'true' || postgresUrl !== undefined,
    open: openTestPostgres,
    reserve: reservePostgres,
  },
]

async function openTestSqlite(): Promise<TestDatabase> {
  const { metadata, remove } = await reserveSqlite()
  return closing(await openSqlite({ file: metadata.file }), remove)
}

async function openTestPostgres(): Promise<TestDatabase> {
  const { metadata, remove } = await reservePostgres()
  return closing(await openPostgres({ url: metadata.url, maxConnections: 10 }), remove)
}

function closing(database: Database, remove: () => Promise<void>): TestDatabase {
  return {
    database,
    async close() {
      await database.close()
      await remove()
    },
  }
}

async function reserveSqlite() {
  const folder = await mkdtemp(join(tmpdir(), 'berth-sqlite-'))
  return {
    metadata: { kind: 'sqlite' as const, file: join(folder, 'metadata.sqlite') },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** A database of its own in the shared server. */
async function reservePostgres() {
  if (postgresUrl === undefined)
    throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await runOnServer(`create database ${name}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  return {
    metadata: { kind: 'postgres' as const, url: url.href },
    remove: () => runOnServer(`drop database ${name} with (force)`),
  }
}

async function runOnServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
