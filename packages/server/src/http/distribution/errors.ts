import type { ErrorCode, ErrorEntry } from '@berth/oci/error-code.ts'
import { OciError, type OciErrorKind } from '@berth/oci/oci-error.ts'
import { BerthError, type ErrorKind } from '../../errors.ts'
import { answerEarly } from '../early-answer.ts'
import type { Exchange } from '../exchange.ts'
import { API_VERSION } from './headers.ts'

type WireError = { readonly status: number; readonly code: ErrorCode }

/**
 * Every refusal as the protocol names it: the only place where a kind becomes a status.
 *
 * `storageFull` is 507 and not 503: podman, skopeo, crane and containerd repeat a push after 500, 502, 503 and 504,
 * which cannot help before someone makes room, but not after 507, and all of them show the status line.
 */
const wireErrors: Readonly<Record<ErrorKind | OciErrorKind, WireError>> = {
  blobUnknown: { status: 404, code: 'BLOB_UNKNOWN' },
  blobReferenced: { status: 405, code: 'UNSUPPORTED' },
  uploadUnknown: { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  uploadInvalid: { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  uploadRangeInvalid: { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  uploadInterrupted: { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  uploadsTooMany: { status: 429, code: 'TOOMANYREQUESTS' },
  digestInvalid: { status: 400, code: 'DIGEST_INVALID' },
  digestMismatch: { status: 400, code: 'DIGEST_INVALID' },
  sizeMismatch: { status: 400, code: 'SIZE_INVALID' },
  blobTooLarge: { status: 413, code: 'SIZE_INVALID' },
  manifestUnknown: { status: 404, code: 'MANIFEST_UNKNOWN' },
  manifestInvalid: { status: 400, code: 'MANIFEST_INVALID' },
  manifestBlobUnknown: { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' },
  manifestTooLarge: { status: 413, code: 'SIZE_INVALID' },
  tooManyTags: { status: 414, code: 'TAG_INVALID' },
  nameInvalid: { status: 400, code: 'NAME_INVALID' },
  nameUnknown: { status: 404, code: 'NAME_UNKNOWN' },
  tagInvalid: { status: 400, code: 'TAG_INVALID' },
  rangeInvalid: { status: 416, code: 'RANGE_INVALID' },
  pageInvalid: { status: 400, code: 'PAGINATION_NUMBER_INVALID' },
  requestInvalid: { status: 400, code: 'UNKNOWN' },
  unauthenticated: { status: 401, code: 'UNAUTHORIZED' },
  denied: { status: 403, code: 'DENIED' },
  quotaExceeded: { status: 403, code: 'DENIED' },
  tagImmutable: { status: 403, code: 'DENIED' },
  policyDenied: { status: 403, code: 'DENIED' },
  notFound: { status: 404, code: 'NAME_UNKNOWN' },
  alreadyExists: { status: 409, code: 'UNKNOWN' },
  conflict: { status: 409, code: 'UNKNOWN' },
  versionMismatch: { status: 412, code: 'UNKNOWN' },
  unsupported: { status: 405, code: 'UNSUPPORTED' },
  rateLimited: { status: 429, code: 'TOOMANYREQUESTS' },
  storageFull: { status: 507, code: 'UNAVAILABLE' },
  unavailable: { status: 503, code: 'UNAVAILABLE' },
}

/** Seconds after which a client may try again, for the kinds where it makes sense. */
const retryAfterSeconds: Partial<Record<ErrorKind | OciErrorKind, string>> = {
  uploadsTooMany: '60',
  rateLimited: '10',
  unavailable: '5',
}

/**
 * Docker's engine gives up at once on an error that holds this text, and otherwise tries a layer five times; of an
 * answer above 499 it reads nothing but the status line. So the reason phrase carries it.
 */
const storageFullReason = 'Insufficient Storage: no space left on device'

/**
 * Answers a failed request in the OCI envelope, without a body for HEAD. `extra` headers come on top (a challenge, `Allow`).
 * Anything but a `BerthError` or an `OciError` is a defect: the client gets 500 and the request id, and the
 * error is kept in `exchange.failure` for the log. Never throws.
 */
export function sendError(exchange: Exchange, error: unknown, extra: readonly string[] = []): void {
  if (error instanceof BerthError || error instanceof OciError) {
    const { status, code } = wireErrors[error.kind]
    if (status >= 500) exchange.failure = error
    const entries = entriesOf(error, code)
    const retryAfter = retryAfterOf(error)
    const headers = retryAfter === undefined ? extra : ['Retry-After', retryAfter, ...extra]
    // Without a body this line is all that containerd before 2.3 shows of a HEAD that was refused.
    if (error.kind === 'policyDenied' && exchange.isHead && !exchange.isAnswered) {
      exchange.response.statusMessage = `Forbidden: ${error.message}`
    }
    sendEnvelope(exchange, status, entries, headers)
    return
  }
  exchange.failure = error
  sendEnvelope(
    exchange,
    500,
    [
      {
        code: 'UNKNOWN',
        message: `Something went wrong in the server; its log tells more under request id ${exchange.id}.`,
      },
    ],
    extra,
  )
}

/** Seconds: what the error itself knows, else what its kind suggests. */
function retryAfterOf(error: BerthError | OciError): string | undefined {
  const known = error.details[0]?.['retryAfterSeconds']
  return typeof known === 'number' ? String(Math.ceil(known)) : retryAfterSeconds[error.kind]
}

/** One entry per fault. Clients expect the digest itself as the detail of a missing blob (distribution-spec, "Error Codes"). */
function entriesOf(error: BerthError | OciError, code: ErrorCode): ErrorEntry[] {
  const { message, details } = error
  if (details.length === 0) return [{ code, message }]
  // Docker's engine shows a detail only when it is text.
  if (error.kind === 'policyDenied') return [{ code, message, detail: details[0]?.['link'] }]
  return details.map((detail) => ({
    code,
    message,
    detail: code === 'MANIFEST_BLOB_UNKNOWN' ? (detail['digest'] ?? detail) : detail,
  }))
}

/** The 404 of a path that is no endpoint. */
export function sendNoSuchEndpoint(exchange: Exchange): void {
  const message = 'There is no such endpoint in the registry protocol; check the path.'
  sendEnvelope(exchange, 404, [{ code: 'UNSUPPORTED', message }], [])
}

/** Sends an envelope and sees to the part of the request body that was not read. */
function sendEnvelope(
  exchange: Exchange,
  status: number,
  errors: readonly ErrorEntry[],
  extra: readonly string[],
): void {
  if (exchange.isAnswered) return
  const { response } = exchange
  const body = Buffer.from(JSON.stringify({ errors }))
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    ...API_VERSION,
    ...extra,
  ]
  if (status === 507) response.statusMessage = storageFullReason
  answerEarly(exchange, status, headers, body)
}
