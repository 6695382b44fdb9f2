import { type Kysely, sql } from 'kysely'
import { addBooks } from './0002-books.ts'
import { type Dialect, columnTypes } from './dialect.ts'

/** Projects and who may do what in them, people's and machines' credentials, quotas, the audit log, jobs. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addEpoch(db)
  await addProjects(db, dialect)
  await extendUsers(db)
  await addGroups(db, dialect)
  await addMachines(db, dialect)
  await addSignIn(db)
  await addBooks(db, dialect)
}

async function addEpoch(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('access_epoch')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
  await sql`insert into access_epoch (id, value) values (1, 1)`.execute(db)
}

async function addProjects(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { identity, bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('projects')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('name', bytewise, (column) => column.notNull().unique())
    .addColumn('parent_id', 'bigint', (column) => column.references('projects.id'))
    .addColumn('visibility', 'text')
    .addColumn('quota_bytes', 'bigint')
    .addColumn('quota_repositories', 'bigint')
    .addColumn('allowed_addresses', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('projects_by_parent')
    .on('projects')
    .columns(['parent_id', 'name'])
    .execute()
  const now = new Date().toISOString()
  // The root of the tree: the instance itself. It is the first row, so its id is 1 on both engines.
  await sql`insert into projects (name, created_at, updated_at, version) values ('', ${now}, ${now}, 1)`.execute(
    db,
  )

  await db.schema
    .alterTable('repositories')
    .addColumn('project_id', 'bigint', (column) => column.notNull().defaultTo(1))
    .execute()
  await db.schema
    .createIndex('repositories_by_project')
    .on('repositories')
    .columns(['project_id', 'name'])
    .execute()

  await db.schema
    .createTable('members')
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('subject_kind', 'text', (column) => column.notNull())
    .addColumn('subject_id', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('members_pkey', ['subject_kind', 'subject_id', 'project_id'])
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('members_by_project')
    .on('members')
    .columns(['project_id', 'subject_kind', 'subject_id'])
    .execute()

  await db.schema
    .createTable('immutability_rules')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('effect', 'text', (column) => column.notNull())
    .addColumn('repositories', 'text', (column) => column.notNull())
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('immutability_rules_by_project')
    .on('immutability_rules')
    .columns(['project_id', 'position'])
    .execute()
}

/** Until now a role was for the whole instance; it stays that, under the names that projects use too. */
async function extendUsers(db: Kysely<unknown>): Promise<void> {
  await sql`update users set role = 'developer' where role = 'writer'`.execute(db)
  for (const column of ['display_name', 'email', 'external_id', 'synced_at']) {
    await db.schema.alterTable('users').addColumn(column, 'text').execute()
  }
  await db.schema
    .alterTable('users')
    .addColumn('source', 'text', (column) => column.notNull().defaultTo('local'))
    .execute()
  await db.schema
    .alterTable('users')
    .addColumn('version', 'bigint', (column) => column.notNull().defaultTo(1))
    .execute()
  await db.schema
    .createIndex('users_by_external_id')
    .on('users')
    .columns(['source', 'external_id'])
    .unique()
    .where('external_id', 'is not', null)
    .execute()
}

async function addGroups(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('groups')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', bytewise, (column) => column.notNull().unique())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('external_name', 'text')
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('groups_by_external_name')
    .on('groups')
    .columns(['source', 'external_name'])
    .unique()
    .where('external_name', 'is not', null)
    .execute()
  await db.schema
    .createTable('group_members')
    .addColumn('group_id', 'text', (column) =>
      column.notNull().references('groups.id').onDelete('cascade'),
    )
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('group_members_pkey', ['user_id', 'group_id'])
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('group_members_by_group')
    .on('group_members')
    .columns(['group_id', 'user_id'])
    .execute()
}

async function addMachines(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise } = columnTypes(dialect)
  await db.schema
    .createTable('robots')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('login', bytewise, (column) => column.notNull().unique())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull())
    .addColumn('previous_secret_hash', 'text')
    .addColumn('previous_expires_at', 'text')
    .addColumn('actions', 'text', (column) => column.notNull())
    .addColumn('repositories', 'text', (column) => column.notNull())
    .addColumn('allowed_addresses', 'text')
    .addColumn('expires_at', 'text')
    .addColumn('disabled_at', 'text')
    .addColumn('last_used_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('robots_by_project')
    .on('robots')
    .columns(['project_id', 'login'])
    .execute()

  await db.schema
    .createTable('api_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
    .addColumn('actions', 'text')
    .addColumn('repositories', 'text')
    .addColumn('expires_at', 'text')
    .addColumn('last_used_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('api_keys_by_user')
    .on('api_keys')
    .columns(['user_id', 'name'])
    .unique()
    .execute()

  await db.schema
    .createTable('workload_rules')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('conditions', 'text', (column) => column.notNull())
    .addColumn('actions', 'text', (column) => column.notNull())
    .addColumn('repositories', 'text', (column) => column.notNull())
    .addColumn('allowed_addresses', 'text')
    .addColumn('last_used_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('workload_rules_by_project')
    .on('workload_rules')
    .columns(['project_id', 'name'])
    .unique()
    .execute()
  await db.schema
    .createIndex('workload_rules_by_issuer')
    .on('workload_rules')
    .columns(['issuer', 'id'])
    .execute()
}

async function addSignIn(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('sessions_by_user')
    .on('sessions')
    .columns(['user_id', 'created_at'])
    .execute()
  await db.schema.createIndex('sessions_by_expiry').on('sessions').column('expires_at').execute()

  await db.schema
    .createTable('second_factors')
    .addColumn('user_id', 'text', (column) =>
      column.primaryKey().references('users.id').onDelete('cascade'),
    )
    .addColumn('secret', 'text', (column) => column.notNull())
    .addColumn('confirmed_at', 'text')
    .addColumn('last_step', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('recovery_codes')
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('code_hash', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('recovery_codes_pkey', ['user_id', 'code_hash'])
    .execute()

  await db.schema
    .createTable('login_throttles')
    .addColumn('subject', 'text', (column) => column.primaryKey())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('blocked_until', 'text', (column) => column.notNull())
    .addColumn('forgotten_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('login_throttles_by_forgotten')
    .on('login_throttles')
    .column('forgotten_at')
    .execute()
  await db.schema
    .createTable('known_addresses')
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('known_addresses_pkey', ['user_id', 'address'])
    .execute()

  await db.schema
    .createTable('device_authorizations')
    .addColumn('device_code_hash', 'text', (column) => column.primaryKey())
    .addColumn('user_code_hash', 'text', (column) => column.notNull().unique())
    .addColumn('client_name', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('address_block', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('polled_at', 'text')
    .addColumn('interval_seconds', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('device_authorizations_by_expiry')
    .on('device_authorizations')
    .column('expires_at')
    .execute()
}
