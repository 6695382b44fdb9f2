import type { Digest } from '@berth/oci/digest.ts'
import type { Database, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

/** A blob as one repository sees it. */
export type VisibleBlob = {
  size: number
  storage_key: string
  damage: string | null
  /** When collection will look at this repository's link, if it is due to. */
  review_due_at: string | null
}

export type BlobReads = ReturnType<typeof prepareBlobReads>

export function prepareBlobReads(database: Database) {
  return {
    /** One indexed read: a blob is visible only through a link of this very repository. */
    visible: database.prepare<{ repository: string; digest: string }, VisibleBlob>((db, p) =>
      db
        .selectFrom('repositories')
        .innerJoin('repository_blobs', 'repository_blobs.repository_id', 'repositories.id')
        .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
        .select(['blobs.size', 'blobs.storage_key', 'blobs.damage'])
        .select((eb) =>
          eb
            .selectFrom('reviews')
            .select('reviews.due_at')
            .whereRef('reviews.repository_id', '=', 'repository_blobs.repository_id')
            .whereRef('reviews.digest', '=', 'repository_blobs.digest')
            .where('reviews.subject', '=', 'link')
            .as('review_due_at'),
        )
        .where('repositories.name', '=', p('repository'))
        .where('repository_blobs.digest', '=', p('digest')),
    ),
    /** The blob itself, wherever it is linked. Not for answering a client. */
    stored: database.prepare<{ digest: string }, { damage: string | null }>((db, p) =>
      db.selectFrom('blobs').select('damage').where('digest', '=', p('digest')),
    ),
    /** Some repositories that hold the blob, for a mount that names no source. */
    holders: database.prepare<{ digest: string; limit: number }, { name: string }>((db, p) =>
      db
        .selectFrom('repository_blobs')
        .innerJoin('repositories', 'repositories.id', 'repository_blobs.repository_id')
        .select('repositories.name')
        .where('repository_blobs.digest', '=', p('digest'))
        .limit(p('limit')),
    ),
  }
}

/** The blob row, held until the transaction ends against removal (`keep`) or any other change (`change`). */
export function lockBlob(
  tx: Transaction,
  digest: Digest,
  purpose: 'keep' | 'change',
): Promise<{ size: number; storage_key: string; damage: string | null } | undefined> {
  return lockRows(
    tx,
    tx.selectFrom('blobs').select(['size', 'storage_key', 'damage']).where('digest', '=', digest),
    purpose,
  ).executeTakeFirst()
}

/** Adds a blob; `false` when another upload of the same digest was first. */
export async function insertBlob(
  tx: Transaction,
  blob: { digest: Digest; size: number; storage_key: string; now: string },
): Promise<boolean> {
  const result = await tx
    .insertInto('blobs')
    .values({
      digest: blob.digest,
      size: blob.size,
      storage_key: blob.storage_key,
      created_at: blob.now,
      verified_at: blob.now,
      damage: null,
    })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Gives a damaged blob a new generation. */
export async function replaceBlob(
  tx: Transaction,
  blob: { digest: Digest; size: number; storage_key: string; now: string },
): Promise<void> {
  await tx
    .updateTable('blobs')
    .set({
      storage_key: blob.storage_key,
      size: blob.size,
      verified_at: blob.now,
      damage: null,
    })
    .where('digest', '=', blob.digest)
    .execute()
}

/** Makes a blob a member of a repository; `false` when it was one already. */
export async function linkBlob(
  tx: Transaction,
  repositoryId: number,
  digest: Digest,
  now: string,
): Promise<boolean> {
  const result = await tx
    .insertInto('repository_blobs')
    .values({ repository_id: repositoryId, digest, created_at: now })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Locks one link for removal; `false` when there is none. */
export async function lockLink(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<boolean> {
  const row = await lockRows(
    tx,
    tx
      .selectFrom('repository_blobs')
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest),
    'change',
  ).executeTakeFirst()
  return row !== undefined
}

/** Takes a blob out of a repository; returns its size in bytes. Lock the link first. */
export async function unlinkBlob(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<number> {
  await tx
    .deleteFrom('repository_blobs')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .execute()
  const blob = await tx
    .selectFrom('blobs')
    .select('size')
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
  return blob.size
}

/** Whether any repository still holds the blob. Lock the blob row first. */
export async function isLinked(tx: Transaction, digest: string): Promise<boolean> {
  const row = await tx
    .selectFrom('repository_blobs')
    .select('digest')
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function deleteBlob(tx: Transaction, digest: string): Promise<void> {
  await tx.deleteFrom('blobs').where('digest', '=', digest).execute()
}

/** Records the outcome of re-reading one generation; a blob that was replaced meanwhile is left alone. */
export async function recordVerification(
  tx: Transaction,
  blob: { digest: string; storage_key: string; now: string; damage: string | null },
): Promise<void> {
  await tx
    .updateTable('blobs')
    .set({ verified_at: blob.now, damage: blob.damage })
    .where('digest', '=', blob.digest)
    .where('storage_key', '=', blob.storage_key)
    .execute()
}
