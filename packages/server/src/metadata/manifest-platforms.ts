import type { Executor, Transaction } from './database.ts'

/** Notes what a single image is for. The manifest is there. */
export async function setPlatform(
  tx: Transaction,
  repositoryId: number,
  digest: string,
  platform: string,
): Promise<void> {
  await tx
    .insertInto('manifest_platforms')
    .values({ repository_id: repositoryId, digest, platform })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doNothing())
    .execute()
}

/** Platforms of those of the manifests, 500 at most, of which they are known. */
export async function platformsOf(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<Map<string, string>> {
  if (digests.length === 0) return new Map()
  const rows = await db
    .selectFrom('manifest_platforms')
    .select(['digest', 'platform'])
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', digests)
    .execute()
  return new Map(rows.map(({ digest, platform }) => [digest, platform]))
}
