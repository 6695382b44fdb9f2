/** Counts up in the transaction of every change of policies, exceptions, trusted identities and VEX statements (by triggers). */
export type PolicyEpochTable = {
  id: number
  value: number
}

/** The policy of a project. */
export type PoliciesTable = {
  project_id: number
  /** As it was written, with comments. */
  document: string
  /** What it says: the rules as JSON, checked and with their defaults. */
  rules: string
  version: number
  updated_at: string
  updated_by: string
}

/** What may pass until a day. Never deleted, only ended. */
export type PolicyExceptionsTable = {
  id: string
  project_id: number
  /** These three: empty means any, and one of them is not empty. */
  rule: string
  vulnerability: string
  package: string
  /** Glob on whole names. */
  repositories: string
  reason: string
  author: string
  created_at: string
  ends_at: string
  ended_at: string | null
  ended_by: string | null
}

/** Counts up when facts of a repository change that policies look at: signatures, attachments, tags. */
export type PolicyRevisionsTable = {
  repository_id: number
  revision: number
}

/**
 * What the policies say of a pull, as it was found by the epoch and revisions that stand beside it. Another epoch or
 * revision, or a later moment than `valid_until`, and it is judged anew.
 */
export type PolicyVerdictsTable = {
  repository_id: number
  digest: string
  epoch: number
  repository_revision: number
  /** Of the images: the sum for an index. */
  facts_revision: number
  decision: 'allow' | 'warn' | 'deny'
  /** As a blocked client is told, or empty. */
  message: string
  /** For the `Warning` header, or empty. */
  warning: string
  /** For the audit log, or empty. */
  audited: string
  judged_at: string
  valid_until: string | null
}
