import { DOCKER_MANIFEST_LIST, OCI_IMAGE_INDEX } from '@berth/oci/media-type.ts'
import { sql } from 'kysely'
import type { Executor } from './database.ts'
import type { ImagesTable } from './scan-schema.ts'

/** What the policies read of what others keep: few reads, each by an index, each with a limit. */

export type ManifestFactsRow = { digest: string; media_type: string; payload: Uint8Array }

/** Those of the digests that are manifests of the repository. At most 500 digests. */
export function manifestsIn(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<ManifestFactsRow[]> {
  if (digests.length === 0) return Promise.resolve([])
  return db
    .selectFrom('manifests')
    .select(['digest', 'media_type', 'payload'])
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', digests)
    .execute()
}

/** Indexes of the repository that hold the manifest. */
export function indexesHolding(
  db: Executor,
  repositoryId: number,
  digest: string,
  limit: number,
): Promise<ManifestFactsRow[]> {
  return db
    .selectFrom('manifest_references')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.repository_id', '=', 'manifest_references.repository_id')
        .onRef('manifests.digest', '=', 'manifest_references.manifest_digest'),
    )
    .select(['manifests.digest', 'manifests.media_type', 'manifests.payload'])
    .where('manifest_references.repository_id', '=', repositoryId)
    .where('manifest_references.digest', '=', digest)
    .where('manifests.media_type', 'in', [OCI_IMAGE_INDEX, DOCKER_MANIFEST_LIST])
    .orderBy('manifests.digest')
    .limit(limit)
    .execute()
}

export async function tagsOnAny(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('tags')
    .select('name')
    .where('repository_id', '=', repositoryId)
    .where('manifest_digest', 'in', digests)
    .orderBy('name')
    .limit(limit)
    .execute()
  return rows.map(({ name }) => name)
}

/** Those of the names that are tags of the repository. */
export async function tagsNamed(
  db: Executor,
  repositoryId: number,
  names: readonly string[],
): Promise<{ name: string; manifest_digest: string }[]> {
  if (names.length === 0) return []
  return db
    .selectFrom('tags')
    .select(['name', 'manifest_digest'])
    .where('repository_id', '=', repositoryId)
    .where('name', 'in', names)
    .execute()
}

/** Repositories that hold the manifest, by id. */
export function repositoriesHolding(
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

export type ImageFactsRow = Pick<
  ImagesTable,
  'digest' | 'state' | 'reason' | 'matched_at' | 'data_revision' | 'data_built_at'
>

export function imagesOf(db: Executor, digests: readonly string[]): Promise<ImageFactsRow[]> {
  if (digests.length === 0) return Promise.resolve([])
  return db
    .selectFrom('images')
    .select(['digest', 'state', 'reason', 'matched_at', 'data_revision', 'data_built_at'])
    .where('digest', 'in', digests)
    .execute()
}

export type FindingFactsRow = {
  kind: string
  name: string
  version: string
  vulnerability: string
  severity: 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'
  /** Times ten. */
  score: number
  fixed_version: string | null
  fix_available_at: string | null
  known_exploited: string | null
  first_seen_at: string | null
}

/** The findings of an image with their clock in the repository, the worst first. */
export function findingsOf(
  db: Executor,
  repositoryId: number,
  digest: string,
  limit: number,
): Promise<FindingFactsRow[]> {
  return db
    .selectFrom('image_packages')
    .innerJoin('packages', 'packages.id', 'image_packages.package_id')
    .innerJoin('package_findings', 'package_findings.package_id', 'packages.id')
    .leftJoin('tracked_findings', (join) =>
      join
        .on('tracked_findings.repository_id', '=', repositoryId)
        .on(
          'tracked_findings.package_name',
          '=',
          sql<string>`packages.kind || ':' || packages.name`,
        )
        .onRef('tracked_findings.vulnerability', '=', 'package_findings.vulnerability')
        .on('tracked_findings.closed_at', 'is', null),
    )
    .select([
      'packages.kind',
      'packages.name',
      'packages.version',
      'package_findings.vulnerability',
      'package_findings.severity',
      'package_findings.score',
      'package_findings.fixed_version',
      'package_findings.fix_available_at',
      'package_findings.known_exploited',
      'tracked_findings.first_seen_at',
    ])
    .where('image_packages.image_digest', '=', digest)
    .orderBy('package_findings.score', 'desc')
    .orderBy('package_findings.vulnerability')
    .limit(limit)
    .execute()
}

export function packagesOf(
  db: Executor,
  digest: string,
  limit: number,
): Promise<{ kind: string; name: string; version: string }[]> {
  return db
    .selectFrom('image_packages')
    .innerJoin('packages', 'packages.id', 'image_packages.package_id')
    .select(['packages.kind', 'packages.name', 'packages.version'])
    .where('image_packages.image_digest', '=', digest)
    .orderBy('packages.name')
    .orderBy('packages.id')
    .limit(limit)
    .execute()
}

export type SignatureFactsRow = {
  repository_id: number
  subject_digest: string
  what: 'signature' | 'attestation'
  identity: string
  predicate_type: string
}

export function verifiedSignatures(
  db: Executor,
  repositories: readonly number[],
  subjects: readonly string[],
  limit: number,
): Promise<SignatureFactsRow[]> {
  if (repositories.length === 0 || subjects.length === 0) return Promise.resolve([])
  return db
    .selectFrom('signature_verdicts')
    .select(['repository_id', 'subject_digest', 'what', 'identity', 'predicate_type'])
    .where('repository_id', 'in', repositories)
    .where('subject_digest', 'in', subjects)
    .where('state', '=', 'verified')
    .orderBy('subject_digest')
    .orderBy('identity')
    .limit(limit)
    .execute()
}

/** In which of these projects there are identities, by name. */
export function identityOwners(
  db: Executor,
  projects: readonly string[],
): Promise<{ name: string; project: string }[]> {
  return db
    .selectFrom('projects')
    .innerJoin('trusted_identities', 'trusted_identities.project_id', 'projects.id')
    .select(['trusted_identities.name', 'projects.name as project'])
    .where('projects.name', 'in', projects)
    .execute()
}

/** Manifests that name one of the digests as their subject. */
export function attachmentsOf(
  db: Executor,
  repositories: readonly number[],
  subjects: readonly string[],
  limit: number,
): Promise<{ subject: string; artifactType: string | null }[]> {
  if (repositories.length === 0 || subjects.length === 0) return Promise.resolve([])
  return db
    .selectFrom('manifests')
    .select((eb) => [
      eb.ref('subject_digest').$notNull().as('subject'),
      'artifact_type as artifactType',
    ])
    .where('repository_id', 'in', repositories)
    .where('subject_digest', 'in', subjects)
    .orderBy('digest')
    .limit(limit)
    .execute()
}

/** What counts in these projects for the repository, the oldest first. */
export function statementsFor(
  db: Executor,
  projects: readonly string[],
  repository: string,
  limit: number,
) {
  return db
    .selectFrom('projects')
    .innerJoin('vex_statements', 'vex_statements.project_id', 'projects.id')
    .select([
      'vex_statements.id',
      'projects.name as project',
      'vex_statements.image_digest as imageDigest',
      'vex_statements.vulnerability',
      'vex_statements.package',
      'vex_statements.status',
      'vex_statements.author',
      'vex_statements.justification',
      'vex_statements.statement',
      'vex_statements.created_at as createdAt',
    ])
    .where('projects.name', 'in', projects)
    .where('vex_statements.repository', 'in', ['', repository])
    .where('vex_statements.revoked_at', 'is', null)
    .orderBy('vex_statements.created_at', 'desc')
    .limit(limit)
    .execute()
}

export type TaggedManifest = {
  repositoryId: number
  repository: string
  digest: string
  mediaType: string
  payload: Uint8Array
}

/** Manifests with a tag in the repositories of these names, in the order of names and digests. */
export function taggedManifests(
  db: Executor,
  query: {
    /** `''`: all repositories. */
    project: string
    after: { repository: string; digest: string } | undefined
    limit: number
  },
): Promise<TaggedManifest[]> {
  const { project, after } = query
  return db
    .selectFrom('repositories')
    .innerJoin('manifests', 'manifests.repository_id', 'repositories.id')
    .select([
      'repositories.id as repositoryId',
      'repositories.name as repository',
      'manifests.digest',
      'manifests.media_type as mediaType',
      'manifests.payload',
    ])
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('tags')
          .select('tags.name')
          .whereRef('tags.repository_id', '=', 'manifests.repository_id')
          .whereRef('tags.manifest_digest', '=', 'manifests.digest'),
      ),
    )
    .$if(project !== '', (select) =>
      select.where(({ eb, or, and }) =>
        or([
          eb('repositories.name', '=', project),
          // '0' comes right after '/' among the characters.
          and([
            eb('repositories.name', '>=', `${project}/`),
            eb('repositories.name', '<', `${project}0`),
          ]),
        ]),
      ),
    )
    .$if(after !== undefined, (select) =>
      select
        .where('repositories.name', '>=', after?.repository ?? '')
        .where(({ eb, or }) =>
          or([
            eb('repositories.name', '>', after?.repository ?? ''),
            eb('manifests.digest', '>', after?.digest ?? ''),
          ]),
        ),
    )
    .orderBy('repositories.name')
    .orderBy('manifests.digest')
    .limit(query.limit)
    .execute()
}
