import { type Kysely, sql } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** Policies of projects, what may pass all the same, and what was found of images. */
export async function addPolicy(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addTables(db, dialect)
  await addVerdicts(db, dialect)
  for (const table of ['policies', 'policy_exceptions', 'trusted_identities', 'vex_statements']) {
    await onChange(db, dialect, table, {
      name: 'bump_policy_epoch',
      work: () => 'update policy_epoch set value = value + 1 where id = 1',
    })
  }
  await onChange(db, dialect, 'signature_verdicts', {
    name: 'bump_policy_revision',
    // A repository that goes takes its signatures along: then there is nothing left to count for.
    work: (row) =>
      `insert into policy_revisions (repository_id, revision)
       select id, 1 from repositories where id = ${row}.repository_id
       on conflict (repository_id) do update set revision = policy_revisions.revision + 1`,
  })
}

async function addTables(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise } = columnTypes(dialect)
  await db.schema
    .createTable('policy_epoch')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
  await sql`insert into policy_epoch (id, value) values (1, 1)`.execute(db)
  await db.schema
    .createTable('policies')
    .addColumn('project_id', 'bigint', (column) =>
      column.primaryKey().references('projects.id').onDelete('cascade'),
    )
    .addColumn('document', 'text', (column) => column.notNull())
    .addColumn('rules', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addColumn('updated_by', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('policy_exceptions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('rule', bytewise, (column) => column.notNull())
    .addColumn('vulnerability', bytewise, (column) => column.notNull())
    .addColumn('package', bytewise, (column) => column.notNull())
    .addColumn('repositories', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('author', 'text', (column) => column.notNull())
    .addColumn('created_at', bytewise, (column) => column.notNull())
    .addColumn('ends_at', 'text', (column) => column.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('ended_by', 'text')
    .execute()
  await db.schema
    .createIndex('policy_exceptions_by_project')
    .on('policy_exceptions')
    .columns(['project_id', 'created_at', 'id'])
    .execute()
}

async function addVerdicts(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('policy_revisions')
    .addColumn('repository_id', 'bigint', (column) =>
      column.primaryKey().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('policy_verdicts')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('digest', bytewise, (column) => column.notNull())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('repository_revision', 'bigint', (column) => column.notNull())
    .addColumn('facts_revision', 'bigint', (column) => column.notNull())
    .addColumn('decision', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('warning', 'text', (column) => column.notNull())
    .addColumn('audited', 'text', (column) => column.notNull())
    .addColumn('judged_at', 'text', (column) => column.notNull())
    .addColumn('valid_until', 'text')
    .addPrimaryKeyConstraint('policy_verdicts_pkey', ['repository_id', 'digest'])
    .addForeignKeyConstraint(
      'policy_verdicts_manifest',
      ['repository_id', 'digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .$call(clustered)
    .execute()
}

/**
 * Runs `work` in the transaction of every change of the table, whoever makes it: a verdict that outlives what it was
 * found by would let something through.
 */
async function onChange(
  db: Kysely<unknown>,
  dialect: Dialect,
  table: string,
  { name, work }: { name: string; work: (row: 'new' | 'old') => string },
): Promise<void> {
  const events = ['insert', 'update', 'delete'] as const
  const rowOf = (event: (typeof events)[number]) => (event === 'delete' ? 'old' : 'new')
  if (dialect === 'sqlite') {
    for (const event of events) {
      await sql
        .raw(
          `create trigger ${name}_on_${table}_${event} after ${event} on ${table} for each row begin ${work(rowOf(event))}; end`,
        )
        .execute(db)
    }
    return
  }
  for (const row of ['new', 'old'] as const) {
    await sql
      .raw(
        `create or replace function ${name}_${row}() returns trigger language plpgsql as $$ begin ${work(row)}; return null; end $$`,
      )
      .execute(db)
  }
  for (const event of events) {
    await sql
      .raw(
        `create trigger ${name}_on_${table}_${event} after ${event} on ${table} for each row execute function ${name}_${rowOf(event)}()`,
      )
      .execute(db)
  }
}
