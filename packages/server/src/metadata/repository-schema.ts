import type { Generated } from 'kysely'

/**
 * A repository exists from its first blob or manifest until collection finds it empty. The figures are folded from
 * `repository_deltas` and from the pulls in memory; what was not folded yet comes on top.
 */
export type RepositoriesTable = {
  id: Generated<number>
  name: string
  created_at: string
  /** The nearest project above the name; 1 is the root. Kept right by whoever creates or removes a project. */
  project_id: Generated<number>
  /** One line; empty when nobody said. */
  description: Generated<string>
  /** Counts the changes of the description and the readme. */
  version: Generated<number>
  /** Bytes of its blobs and manifests, each once. */
  size: Generated<number>
  tag_count: Generated<number>
  /** Empty: never. */
  pushed_at: Generated<string>
  /** Empty: never. */
  last_pulled_at: Generated<string>
  pulls: Generated<number>
}

/** Apart from `repositories`, which is read often. */
export type RepositoryReadmesTable = {
  repository_id: number
  readme: string
}

/** Append-only, as `usage_deltas`: pushes to one repository never wait for one another. */
export type RepositoryDeltasTable = {
  id: Generated<number>
  repository_id: number
  bytes: number
  tags: number
  /** Empty when nothing was pushed. */
  pushed_at: string
}

/** How often a manifest was pulled from a repository. Written now and then, so a crash loses the last seconds. */
export type ManifestPullsTable = {
  repository_id: number
  digest: string
  pulls: number
  last_pulled_at: string
}

/** What a single image is for, as its config says: `linux/arm64/v8`. */
export type ManifestPlatformsTable = {
  repository_id: number
  digest: string
  platform: string
}
