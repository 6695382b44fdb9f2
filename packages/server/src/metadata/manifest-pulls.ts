import { sql } from 'kysely'
import type { Executor, Transaction } from './database.ts'

/** Pulls of one manifest since the last time that they were written. */
export type PullCount = {
  readonly repository: string
  readonly digest: string
  readonly pulls: number
  readonly lastPulledAt: string
}

/** Adds pulls to the manifests and repositories that are still there. `counts` come by repository, the same order everywhere. */
export async function addPulls(tx: Transaction, counts: readonly PullCount[]): Promise<void> {
  for (const { repository, digest, pulls, lastPulledAt } of counts) {
    await sql`insert into manifest_pulls (repository_id, digest, pulls, last_pulled_at)
      select manifests.repository_id, manifests.digest, cast(${pulls} as bigint), cast(${lastPulledAt} as text)
      from repositories join manifests on manifests.repository_id = repositories.id
      where repositories.name = ${repository} and manifests.digest = ${digest}
      on conflict (repository_id, digest) do update set
        pulls = manifest_pulls.pulls + excluded.pulls,
        last_pulled_at = case when excluded.last_pulled_at > manifest_pulls.last_pulled_at
          then excluded.last_pulled_at else manifest_pulls.last_pulled_at end`.execute(tx)
  }
  for (const [repository, of] of Map.groupBy(counts, (count) => count.repository)) {
    const pulls = of.reduce((sum, count) => sum + count.pulls, 0)
    const last = of.reduce((max, { lastPulledAt: at }) => (at > max ? at : max), '')
    await tx
      .updateTable('repositories')
      .set((eb) => ({
        pulls: eb('pulls', '+', pulls),
        last_pulled_at: sql<string>`case when last_pulled_at < cast(${last} as text)
          then cast(${last} as text) else last_pulled_at end`,
      }))
      .where('name', '=', repository)
      .execute()
  }
}

/** Pulls of those of the manifests, 500 at most, that were pulled. */
export async function pullsOf(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<Map<string, { pulls: number; lastPulledAt: string }>> {
  if (digests.length === 0) return new Map()
  const rows = await db
    .selectFrom('manifest_pulls')
    .select(['digest', 'pulls', 'last_pulled_at as lastPulledAt'])
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', digests)
    .execute()
  return new Map(rows.map(({ digest, ...of }) => [digest, of]))
}
