import type { StoredVerdict } from '../metadata/signature-verdicts.ts'

/** What is said of one signature, as people see it. */
export type VerdictView = {
  /** Digest of the manifest that it is in, and which of its layers it is, from 0 on. */
  source: string
  position: number
  state: StoredVerdict['state']
  what: StoredVerdict['what']
  /** Name of the trusted identity; empty when refused. */
  identity: string
  predicateType: string
  /** Why it is refused, as a word and for people; empty when verified. */
  reason: string
  message: string
  signedAt: string | null
  verifiedAt: string
}

export function toVerdictView(verdict: StoredVerdict): VerdictView {
  return {
    source: verdict.source_digest,
    position: verdict.position,
    state: verdict.state,
    what: verdict.what,
    identity: verdict.identity,
    predicateType: verdict.predicate_type,
    reason: verdict.reason,
    message: verdict.message,
    signedAt: verdict.signed_at,
    verifiedAt: verdict.verified_at,
  }
}
