import type { Kysely } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** Which subjects have signatures that nobody has judged yet. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('unjudged_signatures')
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('subject_digest', bytewise, (column) => column.notNull())
    .addColumn('arrival', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('unjudged_signatures_pkey', ['repository_id', 'subject_digest'])
    .$call(clustered)
    .execute()
}
