import type { Digest } from '@berth/oci/digest.ts'
import type { Executor } from './database.ts'

export type ReferrerRow = {
  digest: Digest
  media_type: string
  artifact_type: string | null
  size: number
  annotations: string | null
}

/** Manifests of the repository whose subject is `subject`, by digest, those after `after` only. */
export function referrersOf(
  db: Executor,
  query: {
    repository: string
    subject: Digest
    artifactTypes: readonly string[]
    after: string
    limit: number
  },
): Promise<ReferrerRow[]> {
  return db
    .selectFrom('repositories')
    .innerJoin('manifests', 'manifests.repository_id', 'repositories.id')
    .select([
      'manifests.digest',
      'manifests.media_type',
      'manifests.artifact_type',
      'manifests.size',
      'manifests.annotations',
    ])
    .where('repositories.name', '=', query.repository)
    .where('manifests.subject_digest', '=', query.subject)
    .where('manifests.digest', '>', query.after)
    .$if(query.artifactTypes.length > 0, (builder) =>
      builder.where('manifests.artifact_type', 'in', query.artifactTypes),
    )
    .orderBy('manifests.digest')
    .limit(query.limit)
    .$castTo<ReferrerRow>()
    .execute()
}

/** Digests of the manifests that name `subject`, at most `limit`. */
export async function referrerDigests(
  tx: Executor,
  repositoryId: number,
  subject: string,
  limit: number,
): Promise<string[]> {
  const rows = await tx
    .selectFrom('manifests')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .limit(limit)
    .execute()
  return rows.map((row) => row.digest)
}
