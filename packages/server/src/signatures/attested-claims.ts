import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Transaction } from '../metadata/database.ts'

/** An attestation that somebody trusted made. */
type VerifiedAttestation = {
  /** Digest of the manifest that it came in. */
  readonly source: string
  /** Name of the trusted identity. */
  readonly identity: string
  readonly predicateType: string
  readonly predicate: unknown
}

/**
 * Who makes something of what verified attestations say. It follows the verdicts: what they no longer carry counts no
 * more, in the transaction in which they go.
 */
export interface AttestedClaims {
  /** For one judging of all that is signed about an image. */
  begin(repository: RepositoryName, subject: Digest): ClaimsOfSubject
  /** Verdicts that match all that is given are gone: of a repository, or of a project and below it (`''`: everywhere). */
  withdraw(
    tx: Transaction,
    gone: {
      readonly repository?: string
      readonly project?: string
      readonly source?: string
      readonly author?: string
    },
  ): Promise<void>
}

export interface ClaimsOfSubject {
  /** Takes out what matters, so that the rest can be forgotten. Never throws for what somebody wrote. */
  add(attestation: VerifiedAttestation): Promise<void>
  /** Puts all that was added in the place of what was kept for the image. */
  save(tx: Transaction, repository: { readonly projectId: number }): Promise<void>
}
