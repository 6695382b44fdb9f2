import type { Kysely } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

/** The first schema: repositories and what they hold, upload sessions, collection, users. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { identity, bytewise, bytes, clustered } = columnTypes(dialect)

  await db.schema
    .createTable('repositories')
    .addColumn('id', identity, (column) => column.primaryKey())
    .addColumn('name', bytewise, (column) => column.notNull().unique())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('blobs')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('storage_key', bytewise, (column) => column.notNull().unique())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('verified_at', 'text', (column) => column.notNull())
    .addColumn('damage', 'text')
    .execute()
  await db.schema
    .createIndex('blobs_by_verification')
    .on('blobs')
    .columns(['verified_at', 'digest'])
    .execute()
  // Damage is rare, and asked for at every scrape of the metrics.
  await db.schema
    .createIndex('blobs_by_damage')
    .on('blobs')
    .column('damage')
    .where('damage', 'is not', null)
    .execute()

  await db.schema
    .createTable('repository_blobs')
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id'),
    )
    .addColumn('digest', 'text', (column) => column.notNull().references('blobs.digest'))
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('repository_blobs_pkey', ['repository_id', 'digest'])
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('repository_blobs_by_digest')
    .on('repository_blobs')
    .column('digest')
    .execute()

  await db.schema
    .createTable('manifests')
    .addColumn('repository_id', 'bigint', (column) =>
      column.notNull().references('repositories.id'),
    )
    .addColumn('digest', bytewise, (column) => column.notNull())
    .addColumn('media_type', 'text', (column) => column.notNull())
    .addColumn('artifact_type', 'text')
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('payload', bytes, (column) => column.notNull())
    .addColumn('subject_digest', bytewise)
    .addColumn('annotations', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('damage', 'text')
    .addPrimaryKeyConstraint('manifests_pkey', ['repository_id', 'digest'])
    .execute()
  await db.schema
    .createIndex('manifests_by_subject')
    .on('manifests')
    .columns(['repository_id', 'subject_digest', 'digest'])
    .execute()

  await db.schema
    .createTable('manifest_references')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('manifest_digest', bytewise, (column) => column.notNull())
    .addColumn('digest', bytewise, (column) => column.notNull())
    .addPrimaryKeyConstraint('manifest_references_pkey', [
      'repository_id',
      'manifest_digest',
      'digest',
    ])
    .addForeignKeyConstraint(
      'manifest_references_manifest',
      ['repository_id', 'manifest_digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('manifest_references_by_digest')
    .on('manifest_references')
    .columns(['repository_id', 'digest'])
    .execute()

  await db.schema
    .createTable('tags')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('manifest_digest', bytewise, (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('tags_pkey', ['repository_id', 'name'])
    .addForeignKeyConstraint(
      'tags_manifest',
      ['repository_id', 'manifest_digest'],
      'manifests',
      ['repository_id', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .$call(clustered)
    .execute()
  await db.schema
    .createIndex('tags_by_manifest')
    .on('tags')
    .columns(['repository_id', 'manifest_digest'])
    .execute()

  await db.schema
    .createTable('upload_sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('repository_name', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('storage_key', bytewise, (column) => column.notNull().unique())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('algorithm', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('upload_sessions_by_expiry')
    .on('upload_sessions')
    .column('expires_at')
    .execute()
  await db.schema
    .createIndex('upload_sessions_by_actor')
    .on('upload_sessions')
    .column('actor_id')
    .execute()

  await db.schema
    .createTable('reviews')
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('due_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('reviews_pkey', ['repository_id', 'digest', 'subject'])
    .$call(clustered)
    .execute()
  await db.schema.createIndex('reviews_by_due').on('reviews').column('due_at').execute()

  await db.schema
    .createTable('trash')
    .addColumn('storage_key', bytewise, (column) => column.primaryKey())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('due_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('trash_by_due').on('trash').column('due_at').execute()

  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', bytewise, (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('disabled_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('refresh_tokens')
    .addColumn('token_hash', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('refresh_tokens_by_user')
    .on('refresh_tokens')
    .column('user_id')
    .execute()

  await db.schema
    .createTable('secrets')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute()
}
