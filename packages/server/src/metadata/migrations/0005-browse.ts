import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { versionKeyOf } from '../version-key.ts'
import { type Dialect, columnTypes } from './dialect.ts'

const portionSize = 500

/** What lists of repositories and tags show and sort by: descriptions, figures, pulls, platforms, versions. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addFigures(db, dialect)
  await addManifestFacts(db, dialect)
  await addVersionKeys(db, dialect)
  // Platforms of single images are in their configs: the job that reads those for search finds them too.
  const now = new Date().toISOString()
  await sql`insert into jobs (id, name, payload, state, priority, attempts, max_attempts, dedupe_key, run_at,
      cancel_requested, requested_by, created_at)
    select ${randomUUID()}, 'rebuild-search', '{}', 'waiting', 40, 0, 5, 'rebuild-search', ${now}, 0, 'system', ${now}
    where exists (select 1 from repositories)
      and not exists (select 1 from jobs where dedupe_key = 'rebuild-search')`.execute(db)
}

async function addFigures(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, identity } = columnTypes(dialect)
  for (const column of ['description', 'pushed_at', 'last_pulled_at']) {
    await db.schema
      .alterTable('repositories')
      .addColumn(column, bytewise, (of) => of.notNull().defaultTo(''))
      .execute()
  }
  for (const column of ['size', 'tag_count', 'pulls']) {
    await db.schema
      .alterTable('repositories')
      .addColumn(column, 'bigint', (of) => of.notNull().defaultTo(0))
      .execute()
  }
  await db.schema
    .alterTable('repositories')
    .addColumn('version', 'integer', (of) => of.notNull().defaultTo(1))
    .execute()
  await sql`update repositories set
    size = coalesce((select sum(blobs.size) from repository_blobs
        join blobs on blobs.digest = repository_blobs.digest
        where repository_blobs.repository_id = repositories.id), 0)
      + coalesce((select sum(manifests.size) from manifests
        where manifests.repository_id = repositories.id), 0),
    tag_count = (select count(*) from tags where tags.repository_id = repositories.id),
    pushed_at = case
      when coalesce((select max(updated_at) from tags where tags.repository_id = repositories.id), '')
        > coalesce((select max(created_at) from manifests where manifests.repository_id = repositories.id), '')
      then (select max(updated_at) from tags where tags.repository_id = repositories.id)
      else coalesce((select max(created_at) from manifests where manifests.repository_id = repositories.id), '')
    end`.execute(db)
  for (const [name, columns] of [
    ['push', ['pushed_at', 'name']],
    ['size', ['size', 'name']],
    ['project_push', ['project_id', 'pushed_at', 'name']],
    ['project_size', ['project_id', 'size', 'name']],
  ] as const) {
    await db.schema
      .createIndex(`repositories_by_${name}`)
      .on('repositories')
      .columns([...columns])
      .execute()
  }
  await db.schema
    .createTable('repository_readmes')
    .addColumn('repository_id', 'bigint', (column) =>
      column.primaryKey().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('readme', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('repository_deltas')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id').onDelete('cascade'),
    )
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('tags', 'integer', (column) => column.notNull())
    .addColumn('pushed_at', bytewise, (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('repository_deltas_by_repository')
    .on('repository_deltas')
    .columns(['repository_id', 'id'])
    .execute()
}

async function addManifestFacts(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('manifest_pulls')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('digest', bytewise, (column) => column.notNull())
    .addColumn('pulls', 'bigint', (column) => column.notNull())
    .addColumn('last_pulled_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('manifest_pulls_pkey', ['repository_id', 'digest'])
    .addForeignKeyConstraint(
      'manifest_pulls_manifest',
      ['repository_id', 'digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .$call(clustered)
    .execute()
  await db.schema
    .createTable('manifest_platforms')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('digest', bytewise, (column) => column.notNull())
    .addColumn('platform', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('manifest_platforms_pkey', ['repository_id', 'digest'])
    .addForeignKeyConstraint(
      'manifest_platforms_manifest',
      ['repository_id', 'digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .$call(clustered)
    .execute()
  await db.schema
    .alterTable('images')
    .addColumn('fixable', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  await sql`update images set fixable = (select count(*) from image_packages
      join package_findings on package_findings.package_id = image_packages.package_id
      where image_packages.image_digest = images.digest
        and package_findings.fixed_version is not null)
    where critical + high + medium + low + negligible + unknown > 0`.execute(db)
}

async function addVersionKeys(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise } = columnTypes(dialect)
  await db.schema
    .alterTable('tags')
    .addColumn('version_key', bytewise, (column) => column.notNull().defaultTo(''))
    .execute()
  for (let after = { repository_id: 0, name: '' }; ; ) {
    const { rows } = await sql<{ repository_id: number; name: string }>`
      select repository_id, name from tags
      where (repository_id, name) > (${after.repository_id}, ${after.name})
      order by repository_id, name limit ${portionSize}`.execute(db)
    const last = rows.at(-1)
    if (last === undefined) break
    const given = rows.map(
      ({ repository_id: id, name }) =>
        sql`(cast(${id} as bigint), cast(${name} as text), cast(${versionKeyOf(name)} as text))`,
    )
    await sql`with given(repository_id, name, version_key) as (values ${sql.join(given)})
      update tags set version_key = given.version_key from given
      where tags.repository_id = given.repository_id and tags.name = given.name`.execute(db)
    after = last
  }
  await db.schema
    .createIndex('tags_by_version')
    .on('tags')
    .columns(['repository_id', 'version_key', 'name'])
    .execute()
}
