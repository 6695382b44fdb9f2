import type * as z from 'zod'

/** What a route of the management API may be refused with; each is a problem type of RFC 9457. */
export type ProblemKind =
  | 'requestInvalid'
  | 'unauthenticated'
  | 'denied'
  | 'notFound'
  | 'alreadyExists'
  | 'conflict'
  | 'versionMismatch'
  | 'quotaExceeded'
  | 'tagImmutable'
  | 'rateLimited'
  | 'unavailable'
  | 'storageFull'
  /** The path exists, the method does not. */
  | 'unsupported'
  /** A defect of the server: the answer holds nothing but the request id. */
  | 'internal'

/**
 * One route of the management API: the only description of it there is. The server checks requests and answers against
 * it, the typed client and the OpenAPI file are made from it.
 */
export type Route<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType | undefined = z.ZodType | undefined,
  Answer extends z.ZodType | undefined = z.ZodType | undefined,
> = {
  /** Unique, a verb and a noun: `listMembers`. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`, with parameters in braces: `/projects/{project}/members`. */
  readonly path: string
  /** One of the headings of the reference: `Projects`. */
  readonly topic: string
  readonly summary: string
  readonly description?: string
  /** Strict objects; every value arrives as text, so numbers are coerced. */
  readonly params: Params
  readonly query: Query
  /** JSON. Strict: an unknown key is refused. */
  readonly body: Body
  /** The body of the answer with this status; `undefined` for 204, and for 303, which sends a browser on. */
  readonly status: 200 | 201 | 202 | 204 | 303
  readonly answer: Answer
  /** Beyond those that every route has (`requestInvalid`, `unauthenticated`, `denied`, `rateLimited`, `unavailable`). */
  readonly problems: readonly ProblemKind[]
  /** The answer carries an `ETag`, and a change takes `If-Match`. */
  readonly versioned: boolean
  /** The body of the request is not JSON but one of these media types, streamed (imports); `body` is `undefined` then. */
  readonly receives?: readonly string[]
  /** The answer is not JSON but this media type, streamed (exports). */
  readonly streams?: readonly string[]
  /** Anyone may call it without credentials (sign-in itself). */
  readonly open?: boolean
  /** The answer holds a secret that is shown once: it is never kept to be answered again. */
  readonly secret?: boolean
}

/** Types a route without widening it. */
export function defineRoute<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType | undefined,
  Answer extends z.ZodType | undefined,
>(route: Route<Params, Query, Body, Answer>): Route<Params, Query, Body, Answer> {
  return route
}
