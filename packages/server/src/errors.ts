/**
 * Everything that the core can refuse, by name. The two doors map each kind once
 * (`http/distribution/errors.ts`), so a kind is finer than a wire code.
 */
export type ErrorKind =
  | 'blobUnknown'
  | 'blobReferenced'
  | 'uploadUnknown'
  | 'uploadInvalid'
  | 'uploadRangeInvalid'
  | 'uploadInterrupted'
  | 'uploadsTooMany'
  | 'digestInvalid'
  | 'digestMismatch'
  | 'sizeMismatch'
  | 'blobTooLarge'
  | 'manifestUnknown'
  | 'manifestInvalid'
  | 'manifestBlobUnknown'
  | 'manifestTooLarge'
  | 'tooManyTags'
  | 'nameInvalid'
  | 'nameUnknown'
  | 'tagInvalid'
  | 'rangeInvalid'
  | 'pageInvalid'
  | 'requestInvalid'
  | 'unauthenticated'
  | 'denied'
  | 'quotaExceeded'
  | 'tagImmutable'
  /** A policy blocks the pull or the push; the message is the whole reason. */
  | 'policyDenied'
  /** Something of the management API, or its parent, is not there, or not for this caller. */
  | 'notFound'
  | 'alreadyExists'
  /** What is asked contradicts the state of the thing: the last administrator, a project that is not empty. */
  | 'conflict'
  /** The thing was changed since the caller read it (`If-Match`). */
  | 'versionMismatch'
  | 'unsupported'
  | 'rateLimited'
  | 'storageFull'
  | 'unavailable'

/** One of several faults found in a single request: the OCI envelope lists each on its own line. */
export type ErrorDetail = Readonly<Record<string, unknown>>

/** The only error the core throws on purpose. Anything else that reaches a door is a defect and answers 500. */
export class BerthError extends Error {
  override readonly name = 'BerthError'
  readonly kind: ErrorKind
  /** One entry per fault; most errors have none or one. Shown to the client. */
  readonly details: readonly ErrorDetail[]

  constructor(
    kind: ErrorKind,
    message: string,
    options: { details?: readonly ErrorDetail[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.details = options.details ?? []
  }
}
