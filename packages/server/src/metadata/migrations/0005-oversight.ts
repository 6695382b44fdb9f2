import type { Kysely } from 'kysely'
import type { Dialect } from './dialect.ts'

/** For those who look after a Berth: codes to take over a new one, the log of jobs, and orders for lists of jobs. */
export async function up(db: Kysely<unknown>, _dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('setup_codes')
    .addColumn('code_hash', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('job_log_lines')
    .addColumn('job_id', 'text', (column) =>
      column.notNull().references('jobs.id').onDelete('cascade'),
    )
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('level', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('job_log_lines_pkey', ['job_id', 'number'])
    .execute()

  for (const filter of ['state', 'name', 'requested_by']) {
    await db.schema
      .createIndex(`jobs_by_${filter}_and_creation`)
      .on('jobs')
      .columns([filter, 'created_at', 'id'])
      .execute()
  }
}
