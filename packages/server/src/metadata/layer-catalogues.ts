import type { Executor, Transaction } from './database.ts'

const trimmedAtOnce = 100

/** The facts of a layer blob as this version reads them, compressed; `undefined` when it has to be read. */
export async function findLayerCatalogue(
  db: Executor,
  digest: string,
  version: number,
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('layer_catalogues')
    .select('catalogue')
    .where('digest', '=', digest)
    .where('version', '=', version)
    .executeTakeFirst()
  return row?.catalogue
}

/** Keeps the facts of a layer blob, in place of what an older version read. */
export async function keepLayerCatalogue(
  tx: Transaction,
  layer: { digest: string; diffId: string; version: number; catalogue: Uint8Array; now: string },
): Promise<void> {
  const { diffId, version, catalogue, now } = layer
  const facts = { diff_id: diffId, version, catalogue, used_at: now }
  await tx
    .insertInto('layer_catalogues')
    .values({ digest: layer.digest, ...facts })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet(facts))
    .execute()
}

/** Removes the facts of some blobs that are not stored any more; how many. Call it until it is 0. */
export async function deleteUnheldLayers(tx: Transaction): Promise<number> {
  const rows = await tx
    .selectFrom('layer_catalogues')
    .leftJoin('blobs', 'blobs.digest', 'layer_catalogues.digest')
    .select('layer_catalogues.digest')
    .where('blobs.digest', 'is', null)
    .limit(trimmedAtOnce)
    .execute()
  if (rows.length === 0) return 0
  const digests = rows.map((row) => row.digest)
  const result = await tx
    .deleteFrom('layer_catalogues')
    .where('digest', 'in', digests)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
