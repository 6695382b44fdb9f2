import type { Kysely } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** Other scanners, and what they said of images. */
export async function addScanners(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, bytes } = columnTypes(dialect)
  await db.schema
    .createTable('scanner_registrations')
    .addColumn('name', bytewise, (column) => column.primaryKey())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('authorization', 'text', (column) => column.notNull())
    .addColumn('sealed_credential', bytes)
    .addColumn('registry_address', 'text')
    .addColumn('is_insecure', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('external_reports')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('image_digest', bytewise, (column) => column.notNull())
    .addColumn('scanner', bytewise, (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('product', 'text')
    .addColumn('generated_at', 'text')
    .addColumn('data_built_at', 'text')
    .addColumn('findings', bytes)
    .addColumn('raw', bytes)
    .addColumn('is_truncated', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('critical', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('high', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('medium', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('low', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('negligible', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('unknown', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('requested_at', 'text', (column) => column.notNull())
    .addColumn('finished_at', 'text')
    .addPrimaryKeyConstraint('external_reports_pkey', ['repository_id', 'image_digest', 'scanner'])
    .addForeignKeyConstraint(
      'external_reports_manifest',
      ['repository_id', 'image_digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute()
  await db.schema
    .createIndex('external_reports_by_scanner')
    .on('external_reports')
    .column('scanner')
    .execute()
}
