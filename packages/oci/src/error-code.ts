/** A code of the wire's error envelope (distribution-spec, "Error Codes"), and those that Docker's clients also parse. */
export type ErrorCode =
  /** The blob is not in this repository. */
  | 'BLOB_UNKNOWN'
  /** The upload session is in a state that forbids the request. */
  | 'BLOB_UPLOAD_INVALID'
  /** There is no such upload session. */
  | 'BLOB_UPLOAD_UNKNOWN'
  /** The digest is malformed, of an unknown algorithm, or not that of the content. */
  | 'DIGEST_INVALID'
  /** The manifest refers to a blob or a manifest that is not in this repository. */
  | 'MANIFEST_BLOB_UNKNOWN'
  /** The manifest is malformed, or of a kind that is not accepted. */
  | 'MANIFEST_INVALID'
  /** The repository has no such manifest or tag. */
  | 'MANIFEST_UNKNOWN'
  /** The repository name is malformed. */
  | 'NAME_INVALID'
  /** There is no such repository. */
  | 'NAME_UNKNOWN'
  /** The length differs from what was announced, or passes a limit. */
  | 'SIZE_INVALID'
  /** Credentials are missing, wrong or expired. */
  | 'UNAUTHORIZED'
  /** The caller is known and may not do this. */
  | 'DENIED'
  /** The operation is not supported here. */
  | 'UNSUPPORTED'
  /** Too many requests; `Retry-After` says when to come back. */
  | 'TOOMANYREQUESTS'
  /** The tag is malformed (Docker). */
  | 'TAG_INVALID'
  /** The range cannot be satisfied (Docker). */
  | 'RANGE_INVALID'
  /** `n` is not a number of entries (Docker). */
  | 'PAGINATION_NUMBER_INVALID'
  /** The server cannot answer at the moment (Docker). */
  | 'UNAVAILABLE'
  /** An error without a code of its own (Docker). */
  | 'UNKNOWN'

/** One error of an envelope. `detail` is for programs and has no fixed shape. */
export type ErrorEntry = {
  readonly code: ErrorCode
  readonly message: string
  readonly detail?: unknown
}

/** The JSON body of every error answer of the registry protocol. Holds at least one error. */
export type ErrorEnvelope = { readonly errors: readonly ErrorEntry[] }

/** The envelope of a single error. `detail` is left out when undefined. */
export function errorEnvelope(code: ErrorCode, message: string, detail?: unknown): ErrorEnvelope {
  return { errors: [detail === undefined ? { code, message } : { code, message, detail }] }
}
