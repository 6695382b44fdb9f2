/** Adapters of the Harbor Pluggable Scanner API, for the whole instance. */
export type ScannerRegistrationsTable = {
  name: string
  address: string
  authorization: 'none' | 'basic' | 'bearer' | 'apiKey'
  /** Sealed with a secret of this instance; `null` when there is none. */
  sealed_credential: Uint8Array | null
  /** Where the adapter reaches this Berth; `null`: where everyone does. */
  registry_address: string | null
  is_insecure: number
  created_at: string
  created_by: string
}

/** What another scanner said of one image of a repository; goes with the manifest. */
export type ExternalReportsTable = {
  repository_id: number
  image_digest: string
  scanner: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  reason: string | null
  /** Of the report that is kept, from here on. */
  product: string | null
  generated_at: string | null
  data_built_at: string | null
  /** The findings in one form for all scanners, JSON packed with zstd. */
  findings: Uint8Array | null
  /** The report as it came, packed with zstd. */
  raw: Uint8Array | null
  is_truncated: number
  critical: number
  high: number
  medium: number
  low: number
  negligible: number
  unknown: number
  requested_at: string
  finished_at: string | null
}
