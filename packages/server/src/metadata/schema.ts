import type { Generated } from 'kysely'

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
}

/** A repository exists from its first blob or manifest until collection finds it empty. */
type RepositoriesTable = {
  id: Generated<number>
  name: string
  created_at: string
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

type UsersTable = {
  id: string
  name: string
  password_hash: string
  role: 'admin' | 'writer' | 'reader'
  disabled_at: string | null
  created_at: string
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
