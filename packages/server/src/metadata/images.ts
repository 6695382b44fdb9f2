import { sql } from 'kysely'
import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'
import type { ImagesTable } from './scan-schema.ts'

/** What a scan has found out about an image; what is left out stays. */
export type ImageFacts = Partial<Omit<ImagesTable, 'digest' | 'revision'>>

export type ImageRow = ImagesTable

const unscannedAtOnce = 200
const trimmedAtOnce = 100

/** Adds an image of which nothing is known yet; `false` when it was there before. */
export async function insertImage(tx: Transaction, digest: string): Promise<boolean> {
  const result = await tx
    .insertInto('images')
    .values({
      digest,
      state: 'waiting',
      size: 0,
      layers: 0,
      packages: 0,
      not_covered: 0,
      catalogue_version: 0,
      data_revision: 0,
      critical: 0,
      high: 0,
      medium: 0,
      low: 0,
      negligible: 0,
      unknown: 0,
      worst_score: 0,
      fixable: 0,
      revision: 0,
    })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .executeTakeFirst()
  return Number(result.numInsertedOrUpdatedRows) > 0
}

export function findImage(db: Executor, digest: string): Promise<ImageRow | undefined> {
  return db.selectFrom('images').selectAll().where('digest', '=', digest).executeTakeFirst()
}

/** As `findImage`, locked until the transaction ends. */
export function lockImage(tx: Transaction, digest: string): Promise<ImageRow | undefined> {
  return lockRows(
    tx,
    tx.selectFrom('images').selectAll().where('digest', '=', digest),
    'change',
  ).executeTakeFirst()
}

/** Those of `digests`, 500 at most, that are known as images. */
export function findImages(db: Executor, digests: readonly string[]): Promise<ImageRow[]> {
  if (digests.length === 0) return Promise.resolve([])
  return db.selectFrom('images').selectAll().where('digest', 'in', digests).execute()
}

/** The stored catalogue, compressed; `undefined` when there is none. */
export async function readCatalogue(db: Executor, digest: string): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('image_catalogues')
    .select('catalogue')
    .where('image_digest', '=', digest)
    .executeTakeFirst()
  return row?.catalogue
}

export async function saveCatalogue(
  tx: Transaction,
  digest: string,
  catalogue: Uint8Array,
): Promise<void> {
  await tx
    .insertInto('image_catalogues')
    .values({ image_digest: digest, catalogue })
    .onConflict((conflict) => conflict.column('image_digest').doUpdateSet({ catalogue }))
    .execute()
}

/** Changes an image and counts its revision up; `false` when it is gone. */
export async function updateImage(
  tx: Transaction,
  digest: string,
  facts: ImageFacts,
): Promise<boolean> {
  const result = await tx
    .updateTable('images')
    .set((eb) => ({ ...facts, revision: eb('revision', '+', 1) }))
    .where('digest', '=', digest)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Which job is to scan it. No fact about the image: its revision stays. */
export async function setScanJob(
  tx: Transaction,
  digest: string,
  job: string | null,
): Promise<void> {
  await tx.updateTable('images').set({ scan_job: job }).where('digest', '=', digest).execute()
}

/** Images whose findings were looked for with older advisories than `revision`, by digest. */
export async function imagesBehind(
  db: Executor,
  query: { revision: number; after: string; limit: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('images')
    .select('digest')
    .where('state', '=', 'catalogued')
    .where('data_revision', '<', query.revision)
    .where('digest', '>', query.after)
    .orderBy('digest')
    .limit(query.limit)
    .execute()
  return rows.map((row) => row.digest)
}

/** Whether images have yet to be compared with advisories of this revision. */
export async function hasImagesBehind(db: Executor, revision: number): Promise<boolean> {
  return (await imagesBehind(db, { revision, after: '', limit: 1 })).length > 0
}

/** Repositories that hold the manifest, by name; 100 at most. */
export function repositoriesHolding(
  db: Executor,
  digest: string,
): Promise<{ id: number; name: string; projectId: number }[]> {
  return db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select(['repositories.id', 'repositories.name', 'repositories.project_id as projectId'])
    .where('manifests.digest', '=', digest)
    .orderBy('repositories.name')
    .limit(100)
    .execute()
}

/**
 * Manifests that are like images, by digest after `after`, which were never looked at, failed, or were catalogued by an
 * older version than `version`; together with where the next portion begins.
 */
export async function imagesToScan(
  db: Executor,
  query: {
    after: string
    version: number
    mediaTypes: readonly string[]
    types: readonly string[]
  },
): Promise<{ digests: string[]; next: string | undefined }> {
  const rows = await db
    .selectFrom('manifests')
    .leftJoin('images', 'images.digest', 'manifests.digest')
    .select(['manifests.digest', 'images.state', 'images.catalogue_version'])
    .distinct()
    .where('manifests.digest', '>', query.after)
    .where('manifests.media_type', 'in', query.mediaTypes)
    .where('manifests.artifact_type', 'in', query.types)
    .where('manifests.subject_digest', 'is', null)
    .orderBy('manifests.digest')
    .limit(unscannedAtOnce)
    .execute()
  const digests = rows
    .filter(({ state, catalogue_version: version }) => {
      if (state === null || state === 'failed' || state === 'waiting') return true
      return state === 'catalogued' && (version ?? 0) < query.version
    })
    .map((row) => row.digest)
  return { digests, next: rows.length < unscannedAtOnce ? undefined : rows.at(-1)?.digest }
}

/** Removes some images that no repository holds any more; how many. Call it until it is 0. */
export async function deleteUnheldImages(tx: Transaction): Promise<number> {
  const rows = await tx
    .selectFrom('images')
    .select('digest')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('manifests')
            .select(sql`1`.as('one'))
            .whereRef('manifests.digest', '=', 'images.digest'),
        ),
      ),
    )
    .limit(trimmedAtOnce)
    .execute()
  if (rows.length === 0) return 0
  const result = await tx
    .deleteFrom('images')
    .where(
      'digest',
      'in',
      rows.map((row) => row.digest),
    )
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
