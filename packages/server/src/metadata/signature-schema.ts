/** Whose signatures count in a project and below it. */
export type TrustedIdentitiesTable = {
  id: string
  project_id: number
  name: string
  kind: 'key' | 'keyless' | 'notation'
  /** `TrustedIdentity` of the signing package as JSON. */
  identity: string
  created_at: string
  created_by: string
}

/** Roots of Sigstore instances, for keyless signatures anywhere. */
export type TrustedRootsTable = {
  name: string
  /** The whole `trusted_root.json`, checked. */
  document: string
  created_at: string
  created_by: string
}

/** Keys that Berth signs with. The private half is sealed with a secret of this instance. */
export type SigningKeysTable = {
  id: string
  project_id: number
  name: string
  algorithm: string
  public_key: string
  /** Destroyed when the key is retired. */
  sealed_private_key: Uint8Array | null
  created_at: string
  created_by: string
  retired_at: string | null
}

/**
 * What verification said of one signature or attestation of an image, under the identities that the repository's
 * project trusts. Made anew when an identity changes.
 */
export type SignatureVerdictsTable = {
  repository_id: number
  subject_digest: string
  /** Manifest that carries it, and the position of the layer in it. */
  source_digest: string
  position: number
  state: 'verified' | 'refused'
  what: 'signature' | 'attestation'
  /** Name of the trusted identity; empty when refused. */
  identity: string
  predicate_type: string
  /** Closed list of the signing package; empty when verified. */
  reason: string
  message: string
  signed_at: string | null
  verified_at: string
}

/** What got a signature that is not judged yet, or lost one that a tag led to. Written with the push, gone with the verdicts. */
export type UnjudgedSignaturesTable = {
  repository_id: number
  subject_digest: string
  /** Another one with every push: who judges knows by it whether it was the last. */
  arrival: string
}
