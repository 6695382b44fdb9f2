import { type Kysely, sql } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** The second half of `0002-access`: usage, the audit log, jobs, and answers kept for requests that are repeated. */
export async function addBooks(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addQuotas(db, dialect)
  await addAudit(db, dialect)
  await addJobs(db)
  await addIdempotency(db)
}

async function addQuotas(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { identity } = columnTypes(dialect)
  await db.schema
    .createTable('usage_totals')
    .addColumn('project_id', 'bigint', (column) =>
      column.primaryKey().references('projects.id').onDelete('cascade'),
    )
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('repositories', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('usage_deltas')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('repositories', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('usage_deltas_by_project')
    .on('usage_deltas')
    .columns(['project_id', 'id'])
    .execute()
  // What was pushed before there were projects belongs to the root.
  await sql`insert into usage_totals (project_id, bytes, repositories)
    select 1,
      coalesce((select sum(blobs.size) from repository_blobs join blobs on blobs.digest = repository_blobs.digest), 0)
        + coalesce((select sum(size) from manifests), 0),
      (select count(*) from repositories)`.execute(db)
}

async function addAudit(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { identity, bytewise } = columnTypes(dialect)
  await db.schema
    .createTable('audit_entries')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('position', 'bigint')
    .addColumn('at', bytewise, (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('actor_name', bytewise, (column) => column.notNull())
    .addColumn('action', bytewise, (column) => column.notNull())
    .addColumn('target_kind', 'text', (column) => column.notNull())
    .addColumn('target', bytewise, (column) => column.notNull())
    .addColumn('project', bytewise, (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .addColumn('hash', 'text')
    .execute()
  await db.schema
    .createIndex('audit_entries_by_position')
    .on('audit_entries')
    .column('position')
    .unique()
    .execute()
  // The sealer asks for these every second; there are few.
  await db.schema
    .createIndex('audit_entries_unsealed')
    .on('audit_entries')
    .column('id')
    .where(sql.ref('position'), 'is', null)
    .execute()
  // The ids in buckets of 4096, and by column within each: see `metadata/audit-pages.ts`. SQLite adds the id by itself.
  const id = dialect === 'postgres' ? sql`, id` : sql``
  for (const [name, column] of [
    ['actor', 'actor_name'],
    ['action', 'action'],
    ['target', 'target'],
    ['project', 'project'],
    ['address', 'address'],
    ['request', 'request_id'],
    ['time', 'at'],
  ] as const) {
    await sql`create index ${sql.ref(`audit_entries_by_${name}`)}
      on audit_entries ((id / 4096), ${sql.ref(column)}${id})`.execute(db)
  }
  // Nearly every entry is a success, and whoever looks for those needs no index.
  await sql`create index audit_entries_by_outcome
    on audit_entries ((id / 4096), outcome${id}) where outcome <> 'success'`.execute(db)
  await db.schema
    .createTable('audit_state')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addColumn('lease_owner', 'text')
    .addColumn('lease_until', 'text')
    .execute()
}

async function addJobs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('jobs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('max_attempts', 'integer', (column) => column.notNull())
    .addColumn('dedupe_key', 'text')
    .addColumn('run_at', 'text', (column) => column.notNull())
    .addColumn('lease_until', 'text')
    .addColumn('lease_owner', 'text')
    .addColumn('cancel_requested', 'integer', (column) => column.notNull())
    .addColumn('progress', 'text')
    .addColumn('result', 'text')
    .addColumn('error', 'text')
    .addColumn('requested_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text')
    .addColumn('finished_at', 'text')
    .execute()
  await db.schema
    .createIndex('jobs_by_turn')
    .on('jobs')
    .columns(['state', 'priority', 'run_at'])
    .execute()
  await db.schema.createIndex('jobs_by_creation').on('jobs').columns(['created_at', 'id']).execute()
  await db.schema
    .createIndex('jobs_by_dedupe_key')
    .on('jobs')
    .column('dedupe_key')
    .unique()
    .where('dedupe_key', 'is not', null)
    .execute()
}

async function addIdempotency(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('request_hash', 'text', (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('headers', 'text')
    .addColumn('body', 'text')
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_pkey', ['actor_id', 'key'])
    .execute()
  await db.schema
    .createIndex('idempotency_keys_by_expiry')
    .on('idempotency_keys')
    .column('expires_at')
    .execute()
}
