import type { Digest } from '@berth/oci/digest.ts'
import { sql } from 'kysely'
import type { Executor, Transaction } from './database.ts'

export type VerifiableBlob = { digest: Digest; size: number; storage_key: string }

/** Blobs last verified before `before`, the longest ago first. Damaged ones too: they may have been put right. */
export function blobsToVerify(
  db: Executor,
  page: { before: string; limit: number },
): Promise<VerifiableBlob[]> {
  return db
    .selectFrom('blobs')
    .select(['digest', 'size', 'storage_key'])
    .where('verified_at', '<', page.before)
    .orderBy('verified_at')
    .orderBy('digest')
    .limit(page.limit)
    .$castTo<VerifiableBlob>()
    .execute()
}

/** The size of all blobs that were not verified since `before`. Walks them: for something that takes long anyway. */
export async function bytesToVerify(db: Executor, before: string): Promise<number> {
  const { bytes } = await db
    .selectFrom('blobs')
    .select(sql<number>`cast(coalesce(sum(size), 0) as bigint)`.as('bytes'))
    .where('verified_at', '<', before)
    .executeTakeFirstOrThrow()
  return bytes
}

export type VerifiableManifest = {
  repository_id: number
  digest: Digest
  payload: Uint8Array
  damage: string | null
}

/** Manifests in key order, those after `after` only. */
export function manifestsToVerify(
  db: Executor,
  page: { after: { repository_id: number; digest: string }; limit: number },
): Promise<VerifiableManifest[]> {
  const { repository_id, digest } = page.after
  return db
    .selectFrom('manifests')
    .select(['repository_id', 'digest', 'payload', 'damage'])
    .where((eb) =>
      eb.or([
        eb('repository_id', '>', repository_id),
        eb.and([eb('repository_id', '=', repository_id), eb('digest', '>', digest)]),
      ]),
    )
    .orderBy('repository_id')
    .orderBy('digest')
    .limit(page.limit)
    .$castTo<VerifiableManifest>()
    .execute()
}

export async function recordManifestDamage(
  tx: Transaction,
  manifest: { repository_id: number; digest: string; damage: string | null },
): Promise<void> {
  await tx
    .updateTable('manifests')
    .set({ damage: manifest.damage })
    .where('repository_id', '=', manifest.repository_id)
    .where('digest', '=', manifest.digest)
    .execute()
}

/** Everything known to be damaged, for the report: at most `limit` of each. */
export async function damagedContent(
  db: Executor,
  limit: number,
): Promise<{ kind: 'blob' | 'manifest'; digest: string; repository: string; damage: string }[]> {
  const blobs = await db
    .selectFrom('blobs')
    .innerJoin('repository_blobs', 'repository_blobs.digest', 'blobs.digest')
    .innerJoin('repositories', 'repositories.id', 'repository_blobs.repository_id')
    .select(['blobs.digest', 'blobs.damage', 'repositories.name as repository'])
    .where('blobs.damage', 'is not', null)
    .limit(limit)
    .execute()
  const manifests = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select(['manifests.digest', 'manifests.damage', 'repositories.name as repository'])
    .where('manifests.damage', 'is not', null)
    .limit(limit)
    .execute()
  return [
    ...blobs.map((row) => ({ kind: 'blob' as const, ...row, damage: row.damage ?? '' })),
    ...manifests.map((row) => ({ kind: 'manifest' as const, ...row, damage: row.damage ?? '' })),
  ]
}
