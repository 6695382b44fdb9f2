import type { Digest } from '@berth/oci/digest.ts'
import { type Database, type Executor, type Transaction, inPortions } from './database.ts'
import { type VerdictRow, verdictColumns } from './policy-verdicts.ts'
import { lockRows } from './row-lock.ts'

export type ManifestRow = {
  digest: Digest
  media_type: string
  size: number
  payload: Uint8Array
  damage: string | null
} & VerdictRow

export type ManifestReads = ReturnType<typeof prepareManifestReads>

const columns = [
  'manifests.digest',
  'manifests.media_type',
  'manifests.size',
  'manifests.payload',
  'manifests.damage',
  ...verdictColumns,
] as const

export function prepareManifestReads(database: Database) {
  return {
    byTag: database.prepare<{ repository: string; tag: string }, ManifestRow>((db, p) =>
      db
        .selectFrom('repositories')
        .innerJoin('tags', 'tags.repository_id', 'repositories.id')
        .innerJoin('manifests', (join) =>
          join
            .onRef('manifests.repository_id', '=', 'tags.repository_id')
            .onRef('manifests.digest', '=', 'tags.manifest_digest'),
        )
        .innerJoin('policy_epoch', (join) => join.on('policy_epoch.id', '=', 1))
        .leftJoin('policy_revisions', 'policy_revisions.repository_id', 'manifests.repository_id')
        .leftJoin('policy_verdicts', (join) =>
          join
            .onRef('policy_verdicts.repository_id', '=', 'manifests.repository_id')
            .onRef('policy_verdicts.digest', '=', 'manifests.digest'),
        )
        .select(columns)
        .where('repositories.name', '=', p('repository'))
        .where('tags.name', '=', p('tag'))
        .$castTo<ManifestRow>(),
    ),
    byDigest: database.prepare<{ repository: string; digest: string }, ManifestRow>((db, p) =>
      db
        .selectFrom('repositories')
        .innerJoin('manifests', 'manifests.repository_id', 'repositories.id')
        .innerJoin('policy_epoch', (join) => join.on('policy_epoch.id', '=', 1))
        .leftJoin('policy_revisions', 'policy_revisions.repository_id', 'manifests.repository_id')
        .leftJoin('policy_verdicts', (join) =>
          join
            .onRef('policy_verdicts.repository_id', '=', 'manifests.repository_id')
            .onRef('policy_verdicts.digest', '=', 'manifests.digest'),
        )
        .select(columns)
        .where('repositories.name', '=', p('repository'))
        .where('manifests.digest', '=', p('digest'))
        .$castTo<ManifestRow>(),
    ),
  }
}

export type NewManifest = {
  repository: number
  digest: Digest
  mediaType: string
  artifactType: string | undefined
  payload: Uint8Array
  subject: Digest | undefined
  /** JSON text. */
  annotations: string | undefined
  references: readonly string[]
  now: string
}

/**
 * Adds a manifest and what it refers to; `false` when it was there before. Identical bytes pushed again change nothing
 * but heal a damaged copy.
 */
export async function insertManifest(tx: Transaction, manifest: NewManifest): Promise<boolean> {
  const isNew = await insertOrHeal(tx, manifest)
  const rows = manifest.references.map((digest) => ({
    repository_id: manifest.repository,
    manifest_digest: manifest.digest,
    digest,
  }))
  await inPortions(rows, (portion) =>
    tx
      .insertInto('manifest_references')
      .values(portion)
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'manifest_digest', 'digest']).doNothing(),
      )
      .execute(),
  )
  return isNew
}

/** `false` when the row was there; it is locked then, as a new one is. */
async function insertOrHeal(tx: Transaction, manifest: NewManifest): Promise<boolean> {
  // A second turn is needed only when somebody removed the manifest in between.
  for (;;) {
    const inserted = await tx
      .insertInto('manifests')
      .values({
        repository_id: manifest.repository,
        digest: manifest.digest,
        media_type: manifest.mediaType,
        artifact_type: manifest.artifactType ?? null,
        size: manifest.payload.byteLength,
        payload: manifest.payload,
        subject_digest: manifest.subject ?? null,
        annotations: manifest.annotations ?? null,
        created_at: manifest.now,
        damage: null,
      })
      .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doNothing())
      .executeTakeFirst()
    if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) return true
    const healed = await tx
      .updateTable('manifests')
      .set({ payload: manifest.payload, damage: null })
      .where('repository_id', '=', manifest.repository)
      .where('digest', '=', manifest.digest)
      .executeTakeFirst()
    if (healed.numUpdatedRows > 0n) return false
  }
}

/** Those of `digests` that are blobs or manifests of the repository; each is held against removal. */
export async function presentIn(
  tx: Transaction,
  repositoryId: number,
  digests: readonly string[],
  kinds: { manifests: boolean },
): Promise<Set<string>> {
  const present = new Set<string>()
  await inPortions(digests, async (portion) => {
    const links = lockRows(
      tx,
      tx
        .selectFrom('repository_blobs')
        .select('digest')
        .where('repository_id', '=', repositoryId)
        .where('digest', 'in', portion),
      'keep',
    )
    for (const row of await links.execute()) present.add(row.digest)
    if (!kinds.manifests) return
    const manifests = lockRows(
      tx,
      tx
        .selectFrom('manifests')
        .select('digest')
        .where('repository_id', '=', repositoryId)
        .where('digest', 'in', portion),
      'keep',
    )
    for (const row of await manifests.execute()) present.add(row.digest)
  })
  return present
}

/** Locks a manifest for removal; `undefined` when absent. */
export function lockManifest(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<{ digest: string; subject_digest: string | null; size: number } | undefined> {
  return lockRows(
    tx,
    tx
      .selectFrom('manifests')
      .select(['digest', 'subject_digest', 'size'])
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest),
    'change',
  ).executeTakeFirst()
}

/** Removes a manifest with its tags and references; returns the digests it referred to. */
export async function deleteManifest(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<string[]> {
  const references = await tx
    .selectFrom('manifest_references')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('manifest_digest', '=', digest)
    .execute()
  await tx
    .deleteFrom('manifests')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .execute()
  return references.map((row) => row.digest)
}

/** Whether a manifest of the repository needs this digest. */
export async function isReferenced(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<boolean> {
  const row = await tx
    .selectFrom('manifest_references')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function manifestExists(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<boolean> {
  const row = await tx
    .selectFrom('manifests')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row !== undefined
}

/** Repositories that hold the manifest, by id. */
export function repositoriesWithManifest(
  db: Executor,
  digest: string,
  limit: number,
): Promise<{ id: number; name: string }[]> {
  return db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select(['repositories.id', 'repositories.name'])
    .where('manifests.digest', '=', digest)
    .orderBy('manifests.repository_id')
    .limit(limit)
    .execute()
}
