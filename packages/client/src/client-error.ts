/**
 * Why something could not be done, as far as a program has to tell them apart. The command maps each to one exit code
 * (`packages/cli/src/exit-codes.ts`).
 */
export type ClientErrorKind =
  /** What the caller gave is wrong: an option, a file, a value. */
  | 'inputInvalid'
  /** A name of an image, repository, tag or digest is malformed. */
  | 'referenceInvalid'
  /** There is no such repository, tag, manifest, blob or file. */
  | 'notFound'
  /** The image exists, and not for the platform that was asked for. */
  | 'platformMissing'
  /** Credentials are missing, wrong or expired. */
  | 'unauthenticated'
  /** The registry knows the caller and refuses: rights, quota, immutable tag, policy. */
  | 'denied'
  /** No connection: name unknown, refused, timed out, not a registry. */
  | 'unreachable'
  /** The certificate is not trusted. */
  | 'tlsUntrusted'
  /** A connection broke off, and trying again did not help. */
  | 'connectionLost'
  /** The server asks for patience (429) for longer than is worth waiting. */
  | 'rateLimited'
  /** The server failed (5xx), or answered something that the protocol does not allow. */
  | 'serverFault'
  /** Content differs from its digest or size. */
  | 'digestMismatch'
  /** The other side cannot do this at all. */
  | 'unsupported'
  /** This machine: disk full, file not readable or writable. */
  | 'localFault'
  /** A program that is needed is not installed or does not answer: docker, podman, a credential helper. */
  | 'toolMissing'
  /** A program that was started failed. */
  | 'toolFailed'
  /** Whoever asked for it has stopped it. */
  | 'cancelled'

export type ClientErrorOptions = {
  /** What to do now, as a whole sentence: `Run "berth login ghcr.io".` */
  readonly next?: string | undefined
  /** The HTTP status, where an answer was the reason. */
  readonly status?: number | undefined
  /** Codes of the registry's error envelope, as they came. */
  readonly codes?: readonly string[] | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly cause?: unknown
}

/** The one error that this package and the command throw on purpose. `message` is a plain sentence with what and where; `next` says what to do. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly kind: ClientErrorKind
  readonly next: string | undefined
  readonly status: number | undefined
  readonly codes: readonly string[]
  readonly retryAfterSeconds: number | undefined

  constructor(kind: ClientErrorKind, message: string, options: ClientErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.next = options.next
    this.status = options.status
    this.codes = options.codes ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** Whether the error is a `ClientError` of one of these kinds. */
export function isClientError(
  error: unknown,
  ...kinds: readonly ClientErrorKind[]
): error is ClientError {
  return error instanceof ClientError && (kinds.length === 0 || kinds.includes(error.kind))
}
