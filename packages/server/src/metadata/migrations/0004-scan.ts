import type { Kysely } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** What is inside images: catalogues, packages, findings, their clocks, and what people say of them. */
export async function addScan(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addImages(db, dialect)
  await addPackages(db, dialect)
  await addTracked(db, dialect)
  await addVex(db, dialect)
  await addTimes(db, dialect)
}

async function addImages(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, bytes } = columnTypes(dialect)
  await db.schema
    .createTable('images')
    .addColumn('digest', bytewise, (column) => column.primaryKey())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('platform', 'text')
    .addColumn('distribution_id', 'text')
    .addColumn('distribution_release', 'text')
    .addColumn('distribution_name', 'text')
    .addColumn('end_of_life', 'text')
    .addColumn('config_user', 'text')
    .addColumn('image_created_at', 'text')
    .addColumn('base_name', 'text')
    .addColumn('base_digest', 'text')
    .addColumn('size', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('layers', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('packages', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('not_covered', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('catalogue_version', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('catalogued_at', 'text')
    .addColumn('matched_at', 'text')
    .addColumn('data_revision', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('data_built_at', 'text')
    .addColumn('critical', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('high', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('medium', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('low', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('negligible', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('unknown', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('worst_score', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('revision', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('scan_job', 'text')
    .execute()
  await db.schema
    .createIndex('images_by_data_revision')
    .on('images')
    .columns(['data_revision', 'digest'])
    .execute()
  await db.schema
    .createTable('image_catalogues')
    .addColumn('image_digest', bytewise, (column) =>
      column.primaryKey().references('images.digest').onDelete('cascade'),
    )
    .addColumn('catalogue', bytes, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('layer_catalogues')
    .addColumn('digest', bytewise, (column) => column.primaryKey())
    .addColumn('diff_id', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('catalogue', bytes, (column) => column.notNull())
    .addColumn('used_at', 'text', (column) => column.notNull())
    .execute()
}

async function addPackages(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered, identity } = columnTypes(dialect)
  await db.schema
    .createTable('packages')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('key', bytewise, (column) => column.notNull().unique())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('release', 'text', (column) => column.notNull())
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('artifact', bytewise, (column) => column.notNull())
    .addColumn('version', bytewise, (column) => column.notNull())
    .addColumn('source_name', bytewise, (column) => column.notNull())
    .addColumn('source_version', bytewise, (column) => column.notNull())
    .addColumn('is_third_party', 'integer', (column) => column.notNull())
    .addColumn('modularity', 'text', (column) => column.notNull())
    .addColumn('data_revision', 'bigint', (column) => column.notNull())
    .execute()
  for (const name of ['name', 'artifact', 'source_name']) {
    const index = db.schema.createIndex(`packages_by_${name}`)
    await index.on('packages').columns([name, 'id']).execute()
  }
  await db.schema
    .createIndex('packages_by_data_revision')
    .on('packages')
    .columns(['data_revision', 'id'])
    .execute()
  await db.schema
    .createTable('image_packages')
    .addColumn('image_digest', bytewise, (column) =>
      column.notNull().references('images.digest').onDelete('cascade'),
    )
    .addColumn('package_id', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('image_packages_pkey', ['image_digest', 'package_id'])
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('image_packages_by_package')
    .on('image_packages')
    .columns(['package_id', 'image_digest'])
    .execute()
  await db.schema
    .createTable('package_findings')
    .addColumn('package_id', 'bigint', (column) =>
      column.notNull().references('packages.id').onDelete('cascade'),
    )
    .addColumn('vulnerability', bytewise, (column) => column.notNull())
    .addColumn('severity', 'text', (column) => column.notNull())
    .addColumn('score', 'integer', (column) => column.notNull())
    .addColumn('fix_state', 'text', (column) => column.notNull())
    .addColumn('fixed_version', 'text')
    .addColumn('fix_available_at', 'text')
    .addColumn('known_exploited', 'text')
    .addColumn('epss', 'double precision')
    .addColumn('finding', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('package_findings_pkey', ['package_id', 'vulnerability'])
    .execute()
  await db.schema
    .createIndex('package_findings_by_vulnerability')
    .on('package_findings')
    .columns(['vulnerability', 'package_id'])
    .execute()
}

async function addTracked(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('tracked_findings')
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('package_name', bytewise, (column) => column.notNull())
    .addColumn('vulnerability', bytewise, (column) => column.notNull())
    .addColumn('severity', 'text', (column) => column.notNull())
    .addColumn('score', 'integer', (column) => column.notNull())
    .addColumn('first_seen_at', 'text', (column) => column.notNull())
    .addColumn('fix_available_at', 'text')
    .addColumn('known_exploited', 'text')
    .addColumn('last_seen_at', 'text', (column) => column.notNull())
    .addColumn('closed_at', 'text')
    .addPrimaryKeyConstraint('tracked_findings_pkey', [
      'repository_id',
      'package_name',
      'vulnerability',
    ])
    .$call(clustered)
    .execute()
}

async function addVex(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise } = columnTypes(dialect)
  await db.schema
    .createTable('vex_statements')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'bigint', (column) =>
      column.notNull().references('projects.id').onDelete('cascade'),
    )
    .addColumn('repository', bytewise, (column) => column.notNull())
    .addColumn('image_digest', bytewise, (column) => column.notNull())
    .addColumn('vulnerability', bytewise, (column) => column.notNull())
    .addColumn('package', bytewise, (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('justification', 'text')
    .addColumn('statement', 'text')
    .addColumn('author', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('source_digest', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('revoked_at', 'text')
    .addColumn('revoked_by', 'text')
    .execute()
  await db.schema
    .createIndex('vex_statements_by_vulnerability')
    .on('vex_statements')
    .columns(['vulnerability', 'project_id'])
    .execute()
}

async function addTimes(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, identity } = columnTypes(dialect)
  await db.schema
    .createTable('advisory_revisions')
    .addColumn('revision', identity, (column) => column.primaryKey())
    .addColumn('fingerprint', bytewise, (column) => column.notNull().unique())
    .addColumn('built_at', 'text')
    .addColumn('seen_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('finding_trends')
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('day', 'text', (column) => column.notNull())
    .addColumn('critical', 'integer', (column) => column.notNull())
    .addColumn('high', 'integer', (column) => column.notNull())
    .addColumn('medium', 'integer', (column) => column.notNull())
    .addColumn('low', 'integer', (column) => column.notNull())
    .addColumn('negligible', 'integer', (column) => column.notNull())
    .addColumn('unknown', 'integer', (column) => column.notNull())
    .addColumn('opened', 'integer', (column) => column.notNull())
    .addColumn('closed', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('finding_trends_pkey', ['repository_id', 'day'])
    .execute()
}
