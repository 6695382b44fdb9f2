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

const postgresUrl = inject('postgresUrl')

/**
 * Every engine, for tests to loop over. PostgreSQL is the machine's own server, started for the run by
 * `postgres-setup.ts`; where it is not installed the tests are skipped by name, and fail when CI=true.
 */
export const testDatabases: readonly {
  name: string
  available: boolean
  open(): Promise<TestDatabase>
}[] = [
  { name: 'sqlite', available: true, open: openTestSqlite },
  {
    name: 'postgres',
    available: process.env.CI === 'true' || postgresUrl !== undefined,
    open: openTestPostgres,
  },
]

async function openTestSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-sqlite-'))
  const database = await openSqlite({ file: join(folder, 'metadata.sqlite') })
  return {
    database,
    async close() {
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A database of its own in the shared server. */
async function openTestPostgres(): Promise<TestDatabase> {
  if (postgresUrl === undefined)
    throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await runOnServer(`create database ${name}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  const database = await openPostgres({ url: url.href, maxConnections: 10 })
  return {
    database,
    async close() {
      await database.close()
      await runOnServer(`drop database ${name} with (force)`)
    },
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
