import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { addTrigrams } from '../search-trigrams.ts'
import { type Dialect, columnTypes } from './dialect.ts'

/** What search needs: the words, where labels and annotations stand, and indexes from a name or digest to its place. And those of lists. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { identity, bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('search_terms')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('kind', bytewise, (column) => column.notNull())
    .addColumn('text', bytewise, (column) => column.notNull())
    .addColumn('folded', bytewise, (column) => column.notNull())
    .addUniqueConstraint('search_terms_text', ['kind', 'text'])
    .execute()
  await db.schema
    .createIndex('search_terms_by_prefix')
    .on('search_terms')
    .columns(['kind', 'folded'])
    .execute()
  await db.schema
    .createTable('search_occurrences')
    .addColumn('term_id', 'bigint', (column) => column.notNull().references('search_terms.id'))
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('digest', bytewise, (column) => column.notNull())
    .addPrimaryKeyConstraint('search_occurrences_pkey', ['term_id', 'repository_id', 'digest'])
    .addForeignKeyConstraint(
      'search_occurrences_manifest',
      ['repository_id', 'digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('search_occurrences_by_manifest')
    .on('search_occurrences')
    .columns(['repository_id', 'digest'])
    .execute()
  await addTrigrams(db, dialect)

  await db.schema
    .createIndex('tags_by_name')
    .on('tags')
    .columns(['name', 'repository_id'])
    .execute()
  await db.schema
    .createIndex('manifests_by_digest')
    .on('manifests')
    .columns(['digest', 'repository_id'])
    .execute()

  // Lists that begin with the newest.
  await db.schema
    .createIndex('tags_by_update')
    .on('tags')
    .columns(['repository_id', 'updated_at', 'name'])
    .execute()
  await db.schema
    .createIndex('manifests_by_creation')
    .on('manifests')
    .columns(['repository_id', 'created_at', 'digest'])
    .execute()

  // What is there already is indexed by a job, a little at a time: a start never waits for it.
  const now = new Date().toISOString()
  await sql`insert into jobs (id, name, payload, state, priority, attempts, max_attempts, dedupe_key, run_at,
      cancel_requested, requested_by, created_at)
    select ${randomUUID()}, 'rebuild-search', '{}', 'waiting', 40, 0, 5, 'rebuild-search', ${now}, 0, 'system', ${now}
    where exists (select 1 from repositories)`.execute(db)
}
