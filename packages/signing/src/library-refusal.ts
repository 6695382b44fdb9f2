import { PolicyError, VerificationError } from '@sigstore/verify'
import { Refusal, type RefusalReason } from './refusal.ts'

/**
 * By the library's code, then by a part of its message: one code stands for several faults there. The version of the
 * library is pinned, and a test holds every line to a signature that is really so broken.
 */
const meanings: readonly [code: string, part: string, reason: RefusalReason, message: string][] = [
  ['TIMESTAMP_ERROR', 'duplicate', 'timestamp-duplicate', 'The same timestamp is there twice.'],
  [
    'TIMESTAMP_ERROR',
    'expected',
    'timestamp-missing',
    'Nothing trusted says when it was signed, so the certificate cannot be judged. An entry in Rekor 2 needs a timestamp beside it.',
  ],
  [
    'TIMESTAMP_ERROR',
    '',
    'timestamp-invalid',
    'The timestamp is not one of a trusted timestamp authority over this signature.',
  ],
  [
    'CERTIFICATE_ERROR',
    'not valid or expired',
    'certificate-expired',
    'The certificate was not valid at the time of signing.',
  ],
  [
    'CERTIFICATE_ERROR',
    'expected',
    'sct-missing',
    'The certificate carries no proof (SCT) that its issue was logged.',
  ],
  [
    'CERTIFICATE_ERROR',
    'SCT',
    'sct-invalid',
    'The proof (SCT) in the certificate is not one of a trusted certificate log.',
  ],
  [
    'CERTIFICATE_ERROR',
    '',
    'certificate-untrusted',
    'The certificate leads to no certificate authority of a trusted root that was valid at the time of signing.',
  ],
  ['TLOG_ERROR', 'duplicate', 'log-entry-duplicate', 'The same log entry is there twice.'],
  ['TLOG_ERROR', '', 'log-entry-missing', 'There is no entry in a transparency log.'],
  [
    'TLOG_INCLUSION_PROMISE_ERROR',
    '',
    'log-promise-invalid',
    'The promise (SET) of the log entry was not signed by the log, or belongs to another entry.',
  ],
  [
    'TLOG_INCLUSION_PROOF_ERROR',
    'checkpoint',
    'log-checkpoint-invalid',
    'The checkpoint of the log entry was not signed by the log.',
  ],
  [
    'TLOG_INCLUSION_PROOF_ERROR',
    '',
    'log-proof-invalid',
    'The inclusion proof does not lead from the log entry to the checkpoint.',
  ],
  [
    'TLOG_BODY_ERROR',
    '',
    'log-entry-of-another-signature',
    'The log entry records another signature than this one.',
  ],
  ['SIGNATURE_ERROR', '', 'signature-invalid', 'The signature does not fit what it is over.'],
]

/** What a failure inside the verifying library means for people. Anything unforeseen counts as malformed. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof VerificationError || error instanceof PolicyError) {
    const cause: unknown = error.cause
    const text = `${error.message} ${cause instanceof Error ? cause.message : ''}`
    const found = meanings.find(([code, part]) => code === error.code && text.includes(part))
    if (found !== undefined) return new Refusal(found[2], found[3])
  }
  return new Refusal(
    'malformed',
    `The signature cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
  )
}
