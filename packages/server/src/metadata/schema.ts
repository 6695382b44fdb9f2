import type { Generated } from 'kysely'
import type {
  UsersTable,
  AccessEpochTable,
  ProjectsTable,
  MembersTable,
  ImmutabilityRulesTable,
  GroupsTable,
  GroupMembersTable,
  RobotsTable,
  ApiKeysTable,
  WorkloadRulesTable,
  SessionsTable,
  SecondFactorsTable,
  RecoveryCodesTable,
  LoginThrottlesTable,
  KnownAddressesTable,
  DeviceAuthorizationsTable,
} from './access-schema.ts'
import type {
  FindingCountsTable,
  InstanceTrendsTable,
  ProjectFiguresTable,
  VulnerabilityNamesTable,
} from './figures-schema.ts'
import type { JobLogLinesTable, SetupCodesTable } from './oversight-schema.ts'
import type {
  PoliciesTable,
  PolicyEpochTable,
  PolicyExceptionsTable,
  PolicyRevisionsTable,
  PolicyVerdictsTable,
} from './policy-schema.ts'
import type {
  ManifestPlatformsTable,
  ManifestPullsTable,
  RepositoriesTable,
  RepositoryDeltasTable,
  RepositoryReadmesTable,
} from './repository-schema.ts'
import type {
  AdvisoryRevisionsTable,
  FindingTrendsTable,
  ImageCataloguesTable,
  ImagePackagesTable,
  ImagesTable,
  LayerCataloguesTable,
  PackageFindingsTable,
  PackagesTable,
  TrackedFindingsTable,
  VexStatementsTable,
} from './scan-schema.ts'
import type { ExternalReportsTable, ScannerRegistrationsTable } from './scanners-schema.ts'
import type {
  SignatureVerdictsTable,
  SigningKeysTable,
  TrustedIdentitiesTable,
  TrustedRootsTable,
  UnjudgedSignaturesTable,
} from './signature-schema.ts'

/**
 * Every table, as both engines see it. Times are ISO 8601 text in UTC, so they sort as they read.
 * The database is the truth: an object in storage that no row here names is garbage.
 */
export type Schema = {
  repositories: RepositoriesTable
  blobs: BlobsTable
  repository_blobs: RepositoryBlobsTable
  manifests: ManifestsTable
  manifest_references: ManifestReferencesTable
  tags: TagsTable
  upload_sessions: UploadSessionsTable
  reviews: ReviewsTable
  trash: TrashTable
  users: UsersTable
  refresh_tokens: RefreshTokensTable
  secrets: SecretsTable
  access_epoch: AccessEpochTable
  projects: ProjectsTable
  members: MembersTable
  immutability_rules: ImmutabilityRulesTable
  groups: GroupsTable
  group_members: GroupMembersTable
  robots: RobotsTable
  api_keys: ApiKeysTable
  workload_rules: WorkloadRulesTable
  sessions: SessionsTable
  second_factors: SecondFactorsTable
  recovery_codes: RecoveryCodesTable
  login_throttles: LoginThrottlesTable
  known_addresses: KnownAddressesTable
  device_authorizations: DeviceAuthorizationsTable
  usage_totals: UsageTotalsTable
  usage_deltas: UsageDeltasTable
  audit_entries: AuditEntriesTable
  audit_state: AuditStateTable
  jobs: JobsTable
  idempotency_keys: IdempotencyKeysTable
  search_terms: SearchTermsTable
  search_occurrences: SearchOccurrencesTable
  images: ImagesTable
  image_catalogues: ImageCataloguesTable
  layer_catalogues: LayerCataloguesTable
  packages: PackagesTable
  image_packages: ImagePackagesTable
  package_findings: PackageFindingsTable
  tracked_findings: TrackedFindingsTable
  vex_statements: VexStatementsTable
  advisory_revisions: AdvisoryRevisionsTable
  finding_trends: FindingTrendsTable
  trusted_identities: TrustedIdentitiesTable
  trusted_roots: TrustedRootsTable
  signing_keys: SigningKeysTable
  signature_verdicts: SignatureVerdictsTable
  unjudged_signatures: UnjudgedSignaturesTable
  policy_epoch: PolicyEpochTable
  policies: PoliciesTable
  policy_exceptions: PolicyExceptionsTable
  policy_revisions: PolicyRevisionsTable
  policy_verdicts: PolicyVerdictsTable
  scanner_registrations: ScannerRegistrationsTable
  external_reports: ExternalReportsTable
  setup_codes: SetupCodesTable
  job_log_lines: JobLogLinesTable
  repository_readmes: RepositoryReadmesTable
  repository_deltas: RepositoryDeltasTable
  manifest_pulls: ManifestPullsTable
  manifest_platforms: ManifestPlatformsTable
  project_figures: ProjectFiguresTable
  finding_counts: FindingCountsTable
  instance_trends: InstanceTrendsTable
  vulnerability_names: VulnerabilityNamesTable
}

/** One row per stored digest. `storage_key` is the generation: a digest stored anew gets a new key. */
type BlobsTable = {
  digest: string
  size: number
  storage_key: string
  created_at: string
  /** When the bytes were last re-read and found good; the upload itself counts. */
  verified_at: string
  /** Set when verification found other bytes than the digest promises; such a blob is never served. */
  damage: string | null
}

/** A blob is visible in a repository through this link only. */
type RepositoryBlobsTable = {
  repository_id: number
  digest: string
  created_at: string
}

type ManifestsTable = {
  repository_id: number
  digest: string
  media_type: string
  artifact_type: string | null
  size: number
  payload: Uint8Array
  subject_digest: string | null
  /** The manifest's annotations as JSON, for the referrers list. */
  annotations: string | null
  created_at: string
  /** As for blobs: set when the stored bytes no longer match the digest. */
  damage: string | null
}

/** Every digest a manifest needs: config, layers, children. A sparse index may name absent ones. */
type ManifestReferencesTable = {
  repository_id: number
  manifest_digest: string
  digest: string
}

type TagsTable = {
  repository_id: number
  name: string
  manifest_digest: string
  /** Sorts as the name does among versions: see `version-key.ts`. */
  version_key: string
  created_at: string
  updated_at: string
}

type UploadSessionsTable = {
  id: string
  /** A name and no row: a session that is abandoned leaves no repository behind. */
  repository_name: string
  actor_id: string
  storage_key: string
  /** Bytes accepted by requests that ended well. Not synced at each step: after a power cut the object may be shorter. */
  size: number
  algorithm: string
  created_at: string
  expires_at: string
}

/** What collection must look at again, and when. `repository_id` is 0 for a blob. */
type ReviewsTable = {
  subject: ReviewSubject
  repository_id: number
  digest: string
  due_at: string
}

export type ReviewSubject = 'blob' | 'link' | 'manifest' | 'repository'

/** Objects that no blob row names any more, kept until `due_at` so that pulls under way can finish. */
type TrashTable = {
  storage_key: string
  size: number
  reason: string
  due_at: string
}

type RefreshTokensTable = {
  token_hash: string
  user_id: string
  client_id: string
  created_at: string
  last_used_at: string
  expires_at: string
}

type SecretsTable = {
  name: string
  value: string
  created_at: string
}

/** Folded usage of a project and all below it; the deltas not yet folded come on top. */
type UsageTotalsTable = {
  project_id: number
  bytes: number
  repositories: number
}

/** Append-only: one row for each project of the chain per change, so that pushes never wait for one another. */
type UsageDeltasTable = {
  id: Generated<number>
  project_id: number
  bytes: number
  repositories: number
}

/** Written in the transaction of what it tells; `position` and `hash` follow when it is sealed into the chain. */
type AuditEntriesTable = {
  id: Generated<number>
  position: number | null
  at: string
  actor_kind: string
  actor_id: string
  actor_name: string
  action: string
  target_kind: string
  target: string
  /** Name of the nearest project, '' for the instance. */
  project: string
  outcome: 'success' | 'denied' | 'failure'
  address: string
  request_id: string
  before: string | null
  after: string | null
  hash: string | null
}

/** How far the chain is sealed, forwarded and removed by retention. */
type AuditStateTable = {
  name: string
  position: number
  hash: string
  updated_at: string
  /** The process that forwards to this target, until then. */
  lease_owner: string | null
  lease_until: string | null
}

export type JobState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled'

export type JobsTable = {
  id: string
  name: string
  payload: string
  state: JobState
  /** Lower comes first. */
  priority: number
  attempts: number
  max_attempts: number
  /** At most one unfinished job has it. */
  dedupe_key: string | null
  run_at: string
  lease_until: string | null
  lease_owner: string | null
  cancel_requested: number
  progress: string | null
  result: string | null
  error: string | null
  requested_by: string
  created_at: string
  started_at: string | null
  finished_at: string | null
}

type IdempotencyKeysTable = {
  actor_id: string
  key: string
  request_hash: string
  status: number | null
  headers: string | null
  body: string | null
  expires_at: string
}

/** Every distinct word that search finds: names of projects, repositories, tags and packages, labels and annotations. */
type SearchTermsTable = {
  id: Generated<number>
  kind: SearchTermKind
  text: string
  /** As compared: in small letters. Cut where it is long. */
  folded: string
}

export type SearchTermKind = 'project' | 'repository' | 'tag' | 'label' | 'annotation' | 'package'

/** Where a label or an annotation stands. Names stand in the tables of what they name. */
type SearchOccurrencesTable = {
  term_id: number
  repository_id: number
  digest: string
}
