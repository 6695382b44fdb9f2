import type { Kysely } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** Whose signatures count, keys that Berth signs with, and what verification said. */
export async function addSignatures(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, bytes, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('trusted_identities')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('identity', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addUniqueConstraint('trusted_identities_name', ['project_id', 'name'])
    .execute()
  await db.schema
    .createTable('trusted_roots')
    .addColumn('name', bytewise, (column) => column.primaryKey())
    .addColumn('document', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('signing_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('algorithm', 'text', (column) => column.notNull())
    .addColumn('public_key', 'text', (column) => column.notNull())
    .addColumn('sealed_private_key', bytes)
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('retired_at', 'text')
    .addUniqueConstraint('signing_keys_name', ['project_id', 'name'])
    .execute()
  await db.schema
    .createTable('signature_verdicts')
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('subject_digest', bytewise, (column) => column.notNull())
    .addColumn('source_digest', bytewise, (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('what', 'text', (column) => column.notNull())
    .addColumn('identity', bytewise, (column) => column.notNull())
    .addColumn('predicate_type', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('signed_at', 'text')
    .addColumn('verified_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('signature_verdicts_pkey', [
      'repository_id',
      'subject_digest',
      'source_digest',
      'position',
    ])
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('signature_verdicts_by_identity')
    .on('signature_verdicts')
    .columns(['identity', 'repository_id'])
    .execute()
  await db.schema
    .createIndex('signature_verdicts_by_source')
    .on('signature_verdicts')
    .columns(['repository_id', 'source_digest'])
    .execute()
}
