import { type Kysely, sql } from 'kysely'
import * as registry from './migrations/0001-registry.ts'
import * as access from './migrations/0002-access.ts'
import * as search from './migrations/0003-search.ts'
import * as supplyChain from './migrations/0004-supply-chain.ts'
import * as browse from './migrations/0005-browse.ts'
import * as unjudgedSignatures from './migrations/0005-unjudged-signatures.ts'
import * as figures from './migrations/0005-figures.ts'
import * as oversight from './migrations/0005-oversight.ts'
import * as severities from './migrations/0006-severities.ts'
import type { Dialect } from './migrations/dialect.ts'

type Migration = { name: string; up(db: Kysely<unknown>, dialect: Dialect): Promise<void> }

/** In order. A migration that was released is never edited, only followed by another. */
const migrations: readonly Migration[] = [
  { name: '0001-registry', up: registry.up },
  { name: '0002-access', up: access.up },
  { name: '0003-search', up: search.up },
  { name: '0004-supply-chain', up: supplyChain.up },
  { name: '0005-browse', up: browse.up },
  { name: '0005-unjudged-signatures', up: unjudgedSignatures.up },
  { name: '0005-figures', up: figures.up },
  { name: '0005-oversight', up: oversight.up },
  { name: '0006-severities', up: severities.up },
]

/**
 * Brings the schema to the newest version. The caller holds a transaction and, on PostgreSQL, an advisory lock,
 * so two processes that start at once migrate once, and a failure leaves the former schema.
 * Throws when the database was written by a newer Berth.
 */
export async function migrate(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await sql`create table if not exists migrations (name text primary key, applied_at text not null)`.execute(
    db,
  )
  const applied = new Set(
    (await sql<{ name: string }>`select name from migrations`.execute(db)).rows.map(
      (row) => row.name,
    ),
  )
  const unknown = [...applied].filter((name) => !migrations.some((known) => known.name === name))
  if (unknown.length > 0) {
    throw new Error(
      `The database was written by a newer Berth (it has ${unknown.join(', ')}). Start that version instead.`,
    )
  }
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue
    await migration.up(db, dialect)
    await sql`insert into migrations (name, applied_at) values (${migration.name}, ${new Date().toISOString()})`.execute(
      db,
    )
  }
}
