import type * as z from 'zod'
import { type Fault, type Problem, problemKindOf, problemMediaType } from './problem.ts'
import type { ProblemKind, Route } from './route.ts'

export type ClientCredentials =
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  /** A personal API key, or a token of the token endpoint. */
  | { readonly kind: 'token'; readonly token: string }
  /** The browser's own cookie; the token is asked for at every change. */
  | { readonly kind: 'session'; readonly csrfToken: () => string | undefined }

export type ClientOptions = {
  /** Where Berth is: `https://registry.example.com`. */
  readonly baseUrl: string
  readonly credentials?: ClientCredentials | undefined
  /** Default: the platform's own. */
  readonly fetch?: typeof fetch | undefined
}

/**
 * What a route takes that is not JSON. A `File` is a `Blob`: the browser reads it while it sends. A stream can be sent by
 * Node.js, by browsers only over HTTP/2.
 */
export type ClientContent = Blob | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>

/** A member that may be left away when all that it could hold may be. */
type Given<Name extends string, Value> = {} extends Value
  ? { readonly [Key in Name]?: Value }
  : { readonly [Key in Name]: Value }

/** What a request on the route takes. */
export type ClientRequest<R extends Route> = Given<'params', z.input<R['params']>> &
  Given<'query', z.input<R['query']>> &
  (R['body'] extends z.ZodType
    ? { readonly body: z.input<R['body']> }
    : { readonly body?: never }) & {
    /** The body, for routes with `receives`. */
    readonly content?: ClientContent | undefined
    /** Of `content`, one of `receives`; left out: the first of them. */
    readonly mediaType?: string | undefined
    /** The version that was read: the change is made only if nobody else made one since. */
    readonly ifMatch?: number | undefined
    /** Makes a POST safe to repeat; a new one for each thing to do. */
    readonly idempotencyKey?: string | undefined
    readonly signal?: AbortSignal | undefined
  }

type PlainRequest = {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly content?: ClientContent | undefined
  readonly mediaType?: string | undefined
  readonly ifMatch?: number | undefined
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal | undefined
}

type AnswerBody<R extends Route> = R['answer'] extends z.ZodType ? z.output<R['answer']> : undefined

export type ClientAnswer<R extends Route> = {
  readonly status: number
  readonly body: AnswerBody<R>
  /** Of the thing, for `ifMatch`. */
  readonly version: number | undefined
  /** Whether the answer is that of an earlier request with the same idempotency key. */
  readonly isReplayed: boolean
}

type ListRoute = Route<
  z.ZodObject,
  z.ZodObject,
  undefined,
  z.ZodObject<{ items: z.ZodArray; next: z.ZodNullable<z.ZodString> }>
>

type Items<R extends Route> = AnswerBody<R> extends { items: infer List } ? List : never

/** A refusal of the server. A request that found no server throws what `fetch` throws. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  /** `undefined` when the answer is not of Berth, or of a newer one. */
  readonly kind: ProblemKind | undefined
  readonly status: number
  /** Every fault of the request, for `requestInvalid`. */
  readonly errors: readonly Fault[]
  readonly details: readonly Readonly<Record<string, unknown>>[]
  readonly requestId: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, problem: Partial<Problem>, retryAfterSeconds: number | undefined) {
    super(problem.detail ?? `The server answered with status ${status}.`)
    this.kind = problem.type === undefined ? undefined : problemKindOf(problem.type)
    this.status = status
    this.errors = problem.errors ?? []
    this.details = problem.details ?? []
    this.requestId = problem.requestId
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A client of the management API, typed by the routes themselves. For browsers and Node.js. */
export class ApiClient {
  readonly #base: string
  readonly #credentials: ClientCredentials | undefined
  readonly #fetch: typeof fetch

  constructor(options: ClientOptions) {
    this.#base = `${options.baseUrl.replace(/\/+$/, '')}/api/v1`
    this.#credentials = options.credentials
    this.#fetch = options.fetch ?? ((...given) => fetch(...given))
  }

  /** Makes one request. Throws `ApiProblem` when it is refused. */
  async call<R extends Route>(route: R, request: ClientRequest<R>): Promise<ClientAnswer<R>> {
    const answer = await this.#send(route, request)
    const text = await answer.text()
    return {
      status: answer.status,
      body: (text === '' ? undefined : JSON.parse(text)) as AnswerBody<R>,
      version: versionOf(answer.headers.get('etag')),
      isReplayed: answer.headers.get('idempotency-replayed') === 'true',
    }
  }

  /** The answer as it comes, for routes that stream. Throws `ApiProblem` when it is refused. */
  stream<R extends Route>(route: R, request: ClientRequest<R>): Promise<Response> {
    return this.#send(route, request)
  }

  /** All pages of a list, one after the other: the items of each. */
  async *pages<R extends ListRoute>(
    route: R,
    request: ClientRequest<R>,
  ): AsyncGenerator<Items<R>, void> {
    let query: Readonly<Record<string, unknown>> = { ...request.query }
    for (;;) {
      const answer = await this.#send(route, { ...request, query })
      const page = (await answer.json()) as { items: Items<R>; next: string | null }
      yield page.items
      if (page.next === null) return
      query = { ...query, after: page.next }
    }
  }

  async #send(route: Route, request: PlainRequest): Promise<Response> {
    const { params = {}, query = {}, ifMatch, idempotencyKey, signal } = request
    const url = `${this.#base}${pathOf(route.path, params)}${queryOf(query)}`
    const headers = this.#headersOf(route)
    const sent = sentBody(route, request)
    if (sent !== undefined) headers.set('Content-Type', sent.mediaType)
    if (ifMatch !== undefined) headers.set('If-Match', `"${ifMatch}"`)
    if (idempotencyKey !== undefined) headers.set('Idempotency-Key', idempotencyKey)
    const answer = await this.#fetch(url, {
      method: route.method,
      headers,
      redirect: 'error',
      credentials: this.#credentials?.kind === 'session' ? 'same-origin' : 'omit',
      ...sent?.init,
      ...(signal !== undefined && { signal }),
    })
    if (!answer.ok) throw await problemIn(answer)
    return answer
  }

  #headersOf({ method }: Route): Headers {
    const headers = new Headers({ Accept: `application/json, ${problemMediaType}` })
    const credentials = this.#credentials
    switch (credentials?.kind) {
      case 'password':
        headers.set(
          'Authorization',
          `Basic ${base64(`${credentials.name}:${credentials.password}`)}`,
        )
        break
      case 'token':
        headers.set('Authorization', `Bearer ${credentials.token}`)
        break
      case 'session': {
        const token = method === 'GET' ? undefined : credentials.csrfToken()
        if (token !== undefined) headers.set('X-Berth-CSRF', token)
        break
      }
      case undefined:
        break
    }
    return headers
  }
}

/** A client of the management API. */
export function createClient(options: ClientOptions): ApiClient {
  return new ApiClient(options)
}

function pathOf(path: string, params: Readonly<Record<string, unknown>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(params[name])
    // The platform takes these for steps in the path, escaped or not.
    if (value === '.' || value === '..') throw new TypeError(`${name} must not be ${value}`)
    return encodeURIComponent(value)
  })
}

function queryOf(query: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) parameters.append(name, String(item))
    }
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`
}

/** The body of a request with its media type; `undefined` when it has none. */
function sentBody(
  { id, receives }: Route,
  { body, content, mediaType }: PlainRequest,
): { mediaType: string; init: RequestInit } | undefined {
  if (content === undefined) {
    if (body === undefined) return undefined
    return { mediaType: 'application/json', init: { body: JSON.stringify(body) } }
  }
  const type = mediaType ?? receives?.[0]
  if (receives === undefined || type === undefined) {
    throw new TypeError(`${id} takes no content but JSON`)
  }
  // The platform sends a stream only when told that the answer comes after it.
  const streaming = content instanceof ReadableStream && { duplex: 'half' as const }
  return { mediaType: type, init: { body: content, ...streaming } }
}

function versionOf(etag: string | null): number | undefined {
  const digits = etag === null ? undefined : /^"(\d+)"$/.exec(etag)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

async function problemIn(answer: Response): Promise<ApiProblem> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? 'none')
  const text = await answer.text()
  let problem: Partial<Problem> = {}
  if (answer.headers.get('content-type')?.startsWith(problemMediaType) === true) {
    try {
      problem = JSON.parse(text) as Problem
    } catch {
      // Something in between broke the answer off: its status is all there is.
    }
  }
  return new ApiProblem(answer.status, problem, Number.isNaN(retryAfter) ? undefined : retryAfter)
}

/** Base64 of UTF-8, in browsers too. */
function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)))
}
