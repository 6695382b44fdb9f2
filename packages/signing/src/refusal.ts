/**
 * Why a signature does not count. One reason each, so that a policy, a test and a person can tell them apart.
 * Only the first fault that is found is told.
 */
export type RefusalReason =
  // The material itself.
  | 'too-large'
  | 'malformed'
  | 'not-supported'
  | 'subject-digest-unsupported'
  // What is trusted.
  | 'key-unknown'
  | 'no-trusted-identity'
  | 'no-trusted-root'
  | 'certificate-not-accepted'
  | 'key-not-accepted'
  | 'notation-not-accepted'
  // The signature over the bytes.
  | 'signature-invalid'
  | 'algorithm-mismatch'
  | 'key-too-weak'
  // The certificate.
  | 'certificate-malformed'
  | 'certificate-untrusted'
  | 'certificate-expired'
  | 'certificate-not-for-signing'
  | 'sct-missing'
  | 'sct-invalid'
  | 'issuer-mismatch'
  | 'identity-mismatch'
  | 'extension-mismatch'
  // The transparency log.
  | 'log-entry-missing'
  | 'log-entry-duplicate'
  | 'log-entry-unsupported'
  | 'log-entry-of-another-signature'
  | 'log-entry-of-another-key'
  | 'log-unknown'
  | 'log-closed'
  | 'log-promise-invalid'
  | 'log-proof-invalid'
  | 'log-checkpoint-invalid'
  // The time of signing.
  | 'timestamp-missing'
  | 'timestamp-invalid'
  | 'timestamp-duplicate'
  | 'signed-in-the-future'
  | 'signature-expired'
  // What was signed.
  | 'payload-type-mismatch'
  | 'statement-malformed'
  | 'subject-missing'
  | 'subject-mismatch'
  | 'not-a-signature'
  | 'predicate-type-mismatch'
  | 'annotation-mismatch'
  | 'predicate-malformed'
  // Notation alone.
  | 'critical-header-unknown'
  | 'signing-scheme-unsupported'

/** Ends a verification; `verifySignature` turns it into a verdict, so it never leaves the package. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: RefusalReason

  /** `message` is for people: what is wrong, where, and what to do. */
  constructor(reason: RefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** A stranger's text inside a message: quoted, on one line, at most 120 characters. */
export function quoted(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 117)}...` : text
  return JSON.stringify(short)
}
