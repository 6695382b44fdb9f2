import { PostgresAdapter, type QueryExecutorProvider, sql } from 'kysely'
import type { Dialect } from './migrations/dialect.ts'
import type { Executor } from './database.ts'
import type { SearchTermKind } from './schema.ts'

const searchTermKinds: readonly SearchTermKind[] = [
  'project',
  'repository',
  'tag',
  'label',
  'annotation',
  'package',
]

/**
 * Makes the index by which parts of words are found, one for each kind so that many tags are no burden to a search for a
 * repository. SQLite brings what it takes (FTS5); PostgreSQL needs its extension `pg_trgm`, which the owner of a
 * database may add since PostgreSQL 13. Where that is not possible nothing is done, and search finds beginnings only.
 * Calling it again is harmless.
 */
export async function addTrigrams(db: QueryExecutorProvider, dialect: Dialect): Promise<void> {
  if (dialect === 'sqlite') {
    for (const kind of searchTermKinds) await addSqliteTrigrams(db, kind)
    return
  }
  if (!(await isExtensionAtHand(db))) return
  await sql`create extension if not exists pg_trgm`.execute(db)
  for (const kind of searchTermKinds) {
    await sql`create index if not exists ${sql.ref(indexName(kind))} on search_terms
      using gin (folded gin_trgm_ops) where kind = ${sql.lit(kind)}`.execute(db)
  }
}

/** Whether parts of words can be found. */
export async function hasTrigrams(db: Executor): Promise<boolean> {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return true
  const { rows } = await sql<{ found: boolean }>`
    select to_regclass(${indexName('annotation')}) is not null as found`.execute(db)
  return rows[0]?.found === true
}

export function indexName(kind: SearchTermKind): string {
  return `search_terms_${kind}_trigrams`
}

/** FTS5 over the rows of one kind, kept up to date by triggers (https://sqlite.org/fts5.html, section 4.4.3). */
async function addSqliteTrigrams(db: QueryExecutorProvider, kind: SearchTermKind): Promise<void> {
  const name = indexName(kind)
  const index = sql.ref(name)
  await sql`create virtual table if not exists ${index} using fts5(
    folded, content='search_terms', content_rowid='id', tokenize='trigram', columnsize=0)`.execute(
    db,
  )
  await sql`create trigger if not exists ${sql.ref(`${name}_insert`)} after insert on search_terms
    when new.kind = ${sql.lit(kind)} begin
      insert into ${index} (rowid, folded) values (new.id, new.folded);
    end`.execute(db)
  await sql`create trigger if not exists ${sql.ref(`${name}_delete`)} after delete on search_terms
    when old.kind = ${sql.lit(kind)} begin
      insert into ${index} (${index}, rowid, folded) values ('delete', old.id, old.folded);
    end`.execute(db)
}

async function isExtensionAtHand(db: QueryExecutorProvider): Promise<boolean> {
  const { rows } = await sql<{ at_hand: boolean }>`select
    exists (select 1 from pg_extension where extname = 'pg_trgm')
    or (
      exists (select 1 from pg_available_extensions where name = 'pg_trgm')
      and has_database_privilege(current_database(), 'create')
    ) as at_hand`.execute(db)
  return rows[0]?.at_hand === true
}
