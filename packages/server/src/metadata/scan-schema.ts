import type { Generated } from 'kysely'

/**
 * What is inside an image, by the digest of its manifest: the same bytes in two repositories are read once. Rows of
 * manifests that no repository holds any more are removed by the job `trim-scans`.
 */
export type ImagesTable = {
  digest: string
  state: 'waiting' | 'catalogued' | 'failed' | 'unsupported'
  /** Why it failed or cannot be read, for people. */
  reason: string | null
  platform: string | null
  distribution_id: string | null
  distribution_release: string | null
  distribution_name: string | null
  /** ISO day. */
  end_of_life: string | null
  /** `USER` of the configuration; empty text is root. */
  config_user: string | null
  /** ISO moment at which the image was made, by its configuration. */
  image_created_at: string | null
  /** `org.opencontainers.image.base.name` and `.base.digest` of the manifest. */
  base_name: string | null
  base_digest: string | null
  /** Compressed bytes of configuration and layers. */
  size: number
  layers: number
  packages: number
  not_covered: number
  catalogue_version: number
  catalogued_at: string | null
  /** When findings were last looked for, with which advisories and how old these were. */
  matched_at: string | null
  data_revision: number
  data_built_at: string | null
  critical: number
  high: number
  medium: number
  low: number
  negligible: number
  unknown: number
  /** Worst score that counts, times ten. */
  worst_score: number
  /** Of all findings those that a newer version mends. */
  fixable: number
  /** Counts up whenever anything above changes: what was judged by an older one is judged again. */
  revision: number
  /** The job that is to scan it, or did last; it is gone when that went well. */
  scan_job: string | null
}

/** The whole `Catalogue` of the scanner of an image as JSON, zstd. Apart from `images`, whose rows change often. */
export type ImageCataloguesTable = {
  image_digest: string
  catalogue: Uint8Array
}

/** The facts of one layer blob: `LayerCatalogue` of the scanner as JSON, zstd. */
export type LayerCataloguesTable = {
  digest: string
  diff_id: string
  version: number
  catalogue: Uint8Array
  used_at: string
}

/** Each distinct package, as matching sees it, once: 3,000,000 packages in images are some 50,000 of these. */
export type PackagesTable = {
  id: Generated<number>
  /** sha256 of what matching looks at; unique. */
  key: string
  kind: string
  /** `debian/12` for packages of a distribution, `linuxmint/21 ubuntu debian` with what it is like; empty for languages. */
  release: string
  name: string
  /** The last part of a name that has several, such as maven's `group:artifact`; else empty. */
  artifact: string
  version: string
  source_name: string
  source_version: string
  /** 1: made by somebody else than the distribution. */
  is_third_party: number
  modularity: string
  /** Advisory revision that its findings are of. */
  data_revision: number
}

export type ImagePackagesTable = {
  image_digest: string
  package_id: number
}

/**
 * Advisory data that was in force on some node, in the order in which it was first seen: revisions count up here, since
 * each node has a file of its own.
 */
export type AdvisoryRevisionsTable = {
  revision: Generated<number>
  /** Of sources and their times; unique. */
  fingerprint: string
  built_at: string | null
  seen_at: string
}

/** Open findings of a repository at the end of a day, and how many came and went on it. */
export type FindingTrendsTable = {
  repository_id: number
  /** ISO day. */
  day: string
  critical: number
  high: number
  medium: number
  low: number
  negligible: number
  unknown: number
  opened: number
  closed: number
}

/** Findings of a distinct package. */
export type PackageFindingsTable = {
  package_id: number
  /** CVE, or the advisory's id. */
  vulnerability: string
  severity: 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'
  /** Score that counts, times ten. */
  score: number
  fix_state: 'fixed' | 'notFixed' | 'wontFix' | 'unknown'
  fixed_version: string | null
  fix_available_at: string | null
  /** ISO day of the KEV list. */
  known_exploited: string | null
  epss: number | null
  /** The scanner's whole `Finding` as JSON. */
  finding: string
}

/** The clock of a finding in a repository: a push of the same again does not start it anew. */
export type TrackedFindingsTable = {
  repository_id: number
  /** `kind:name`, such as `deb:openssl`: versions come and go, the finding stays. */
  package_name: string
  vulnerability: string
  severity: PackageFindingsTable['severity']
  score: number
  first_seen_at: string
  fix_available_at: string | null
  known_exploited: string | null
  last_seen_at: string
  /** Set when no tagged image of the repository has it any more. */
  closed_at: string | null
  /** By when it has to be mended, by the policies in force when it was last looked at. */
  due_at: string | null
}

/** What authorised people or verified documents say of a vulnerability. Never deleted, only revoked. */
export type VexStatementsTable = {
  id: string
  project_id: number
  /** Empty: all repositories of the project and below it. */
  repository: string
  /** Digest of one image, or empty. */
  image_digest: string
  vulnerability: string
  /** `kind:name`, with `@version` for one version, or empty for every package. */
  package: string
  status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation'
  justification: string | null
  statement: string | null
  author: string
  source: 'berth' | 'openvex' | 'cyclonedx' | 'attestation'
  /** Digest of the attestation it came with, or empty. */
  source_digest: string
  created_at: string
  revoked_at: string | null
  revoked_by: string | null
}
