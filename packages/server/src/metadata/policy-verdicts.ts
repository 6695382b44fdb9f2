import { sql } from 'kysely'
import { DOCKER_MANIFEST_LIST, OCI_IMAGE_INDEX } from '@berth/oci/media-type.ts'
import type { Executor, Transaction } from './database.ts'

/** What a pull reads of its verdict together with the manifest: the verdict, and what it must agree with to count. */
export type VerdictRow = {
  repository_id: number
  policy_epoch: number
  repository_revision: number
  /** 0 where there is no verdict. */
  facts_revision: number
  /** `null`, with all below, where there is no verdict. */
  verdict_epoch: number | null
  verdict_repository_revision: number | null
  verdict_facts_revision: number | null
  verdict_decision: 'allow' | 'warn' | 'deny' | null
  verdict_message: string | null
  verdict_warning: string | null
  verdict_audited: string | null
  verdict_valid_until: string | null
}

/**
 * The columns of `VerdictRow` for a query on `manifests` joined with `policy_epoch`, `policy_revisions` and
 * `policy_verdicts`. The images are looked at only where there is a verdict to be held against them.
 */
export const verdictColumns = [
  'manifests.repository_id',
  'policy_epoch.value as policy_epoch',
  sql<number>`coalesce(policy_revisions.revision, 0)`.as('repository_revision'),
  sql<number>`case when policy_verdicts.digest is null then 0 else ${factsRevisionOf()} end`.as(
    'facts_revision',
  ),
  'policy_verdicts.epoch as verdict_epoch',
  'policy_verdicts.repository_revision as verdict_repository_revision',
  'policy_verdicts.facts_revision as verdict_facts_revision',
  'policy_verdicts.decision as verdict_decision',
  'policy_verdicts.message as verdict_message',
  'policy_verdicts.warning as verdict_warning',
  'policy_verdicts.audited as verdict_audited',
  'policy_verdicts.valid_until as verdict_valid_until',
] as const

/** How often the images of the manifest in the same query have changed: all of an index, or the one. */
function factsRevisionOf() {
  return sql<number>`case when manifests.media_type in (${OCI_IMAGE_INDEX}, ${DOCKER_MANIFEST_LIST})
    then (select cast(coalesce(sum(images.revision + 1), 0) as bigint) from manifest_references
      inner join images on images.digest = manifest_references.digest
      where manifest_references.repository_id = manifests.repository_id
      and manifest_references.manifest_digest = manifests.digest)
    else (select cast(coalesce(sum(images.revision + 1), 0) as bigint) from images
      where images.digest = manifests.digest) end`
}

/** What a verdict made now is of: read it before the facts. `undefined` when there is no such manifest. */
export async function readVerdictMarks(
  db: Executor,
  repositoryId: number,
  digest: string,
): Promise<{ epoch: number; repositoryRevision: number; factsRevision: number } | undefined> {
  return db
    .selectFrom('manifests')
    .innerJoin('policy_epoch', (join) => join.on('policy_epoch.id', '=', 1))
    .leftJoin('policy_revisions', 'policy_revisions.repository_id', 'manifests.repository_id')
    .select([
      'policy_epoch.value as epoch',
      sql<number>`coalesce(policy_revisions.revision, 0)`.as('repositoryRevision'),
      factsRevisionOf().as('factsRevision'),
    ])
    .where('manifests.repository_id', '=', repositoryId)
    .where('manifests.digest', '=', digest)
    .executeTakeFirst()
}

export type StoredVerdict = {
  readonly repositoryId: number
  readonly digest: string
  readonly epoch: number
  readonly repositoryRevision: number
  readonly factsRevision: number
  readonly decision: 'allow' | 'warn' | 'deny'
  readonly message: string
  readonly warning: string
  readonly audited: string
  readonly judgedAt: string
  readonly validUntil: string | null
}

/** Keeps a verdict in place of the former; does nothing when the manifest is gone. */
export async function putVerdict(tx: Transaction, verdict: StoredVerdict): Promise<void> {
  const values = {
    epoch: verdict.epoch,
    repository_revision: verdict.repositoryRevision,
    facts_revision: verdict.factsRevision,
    decision: verdict.decision,
    message: verdict.message,
    warning: verdict.warning,
    audited: verdict.audited,
    judged_at: verdict.judgedAt,
    valid_until: verdict.validUntil,
  }
  const manifest = await tx
    .selectFrom('manifests')
    .select('digest')
    .where('repository_id', '=', verdict.repositoryId)
    .where('digest', '=', verdict.digest)
    .executeTakeFirst()
  if (!manifest) return
  await tx
    .insertInto('policy_verdicts')
    .values({ repository_id: verdict.repositoryId, digest: verdict.digest, ...values })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doUpdateSet(values))
    .execute()
}

/** Makes every verdict of the repository one of the past: facts about its tags or attachments change. */
export async function touchRepository(tx: Transaction, repositoryId: number): Promise<void> {
  await tx
    .insertInto('policy_revisions')
    .values({ repository_id: repositoryId, revision: 1 })
    .onConflict((conflict) =>
      conflict.column('repository_id').doUpdateSet({
        revision: sql<number>`policy_revisions.revision + 1`,
      }),
    )
    .execute()
}
