import type * as z from 'zod'
import { ClientError, type ClientErrorKind } from '../client-error.ts'
import { retryAfterMs } from '../transport/back-off.ts'
import { type Answer, dropBody, readBody, type Transport } from '../transport/transport.ts'
import type { Refusal, RegistryAction, RegistryKind } from './kind.ts'

export type ApiCall = {
  readonly method?: 'GET' | 'POST' | 'DELETE' | undefined
  readonly url: URL
  readonly action: RegistryAction
  readonly repository?: string | undefined
  /** Sent as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export type ApiRequestsOptions = {
  readonly registry: string
  readonly transport: Transport
  /** For messages: `The API of GitHub`. */
  readonly title: string
  /** Headers with the credentials, for one call. */
  readonly headers: (call: ApiCall) => Promise<Readonly<Record<string, string>>>
  readonly isSignedIn: boolean
  readonly explain: RegistryKind['explainRefusal']
}

const bodyMax = 16 * 1024 * 1024
const messageBytesMax = 64 * 1024
/** Pages of one list; at a hundred entries each that is a million. */
export const pagesMax = 10_000

/** Calls to a registry's own interface: refusals explained in its words, answers checked against a schema, bounded. */
export class ApiRequests {
  readonly #options: ApiRequestsOptions

  constructor(options: ApiRequestsOptions) {
    this.#options = options
  }

  /** The answer of a call that succeeded, checked. Throws what `ClientError` has for the status. */
  async read<T extends z.ZodType>(
    call: ApiCall,
    schema: T,
  ): Promise<{ body: z.output<T>; headers: Answer['headers'] }> {
    const answer = await this.#send(call)
    const text = (await readBody(answer, bodyMax)).toString()
    const parsed = schema.safeParse(parseJson(text))
    if (parsed.success) return { body: parsed.data, headers: answer.headers }
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new ClientError(
      'serverFault',
      `${this.#options.title} answered something that was not expected${where === '' ? '' : ` (${where})`}.`,
    )
  }

  /** All pages of a list that goes on by `Link: <…>; rel="next"`. */
  async *pages<T extends z.ZodType>(first: ApiCall, schema: T): AsyncGenerator<z.output<T>, void> {
    let call = first
    for (let page = 0; page < pagesMax; page += 1) {
      const { body, headers } = await this.read(call, schema)
      yield body
      const next = nextLink(headers.link)
      if (next === undefined) return
      call = { ...call, url: this.sameOrigin(next, call.url) }
    }
    throw new ClientError('serverFault', `${this.#options.title} has more than ${pagesMax} pages.`)
  }

  /** A call whose answer does not matter. Returns `false` when there was no such thing (404). */
  async change(call: ApiCall): Promise<boolean> {
    try {
      dropBody(await this.#send(call))
      return true
    } catch (error) {
      if (error instanceof ClientError && error.kind === 'notFound') return false
      throw error
    }
  }

  /** A link that an answer gave, which must not lead to another host: credentials go with it. Throws `serverFault`. */
  sameOrigin(link: string, from: URL): URL {
    const url = URL.canParse(link, from) ? new URL(link, from) : undefined
    if (url?.origin === from.origin) return url
    throw new ClientError('serverFault', `${this.#options.title} sends the caller to another host.`)
  }

  async #send(call: ApiCall): Promise<Answer> {
    const { transport, headers } = this.#options
    const answer = await transport.send({
      method: call.method ?? 'GET',
      url: call.url,
      headers: {
        Accept: 'application/json',
        ...(call.body !== undefined && { 'Content-Type': 'application/json' }),
        ...(await headers(call)),
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal: call.signal,
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    throw await this.#errorOf(answer, call)
  }

  async #errorOf(answer: Answer, call: ApiCall): Promise<ClientError> {
    const { title, registry, isSignedIn, explain } = this.#options
    const { status } = answer
    const message = await readMessage(answer)
    const said = message === undefined ? '' : ` It says: ${message}`
    const kind = kindOf(status, answer.headers)
    const retryMs = retryAfterMs(answer.headers['retry-after'])
    const options = {
      status,
      retryAfterSeconds: retryMs === undefined ? undefined : Math.ceil(retryMs / 1000),
    }
    if (kind === 'notFound') {
      const what = call.repository ?? call.url.pathname
      return new ClientError(kind, `${title} knows no ${what}.${said}`, options)
    }
    if (kind === 'serverFault' || kind === 'unsupported') {
      return new ClientError(kind, `${title} answers with status ${status}.${said}`, options)
    }
    const refusal: Refusal = {
      action: call.action,
      registry,
      repository: call.repository,
      status: kind === 'rateLimited' ? 429 : status,
      codes: [],
      message,
      isSignedIn,
    }
    const { meaning, next } = explain(refusal)
    return new ClientError(kind, `${title} refuses. ${meaning}${said}`, { ...options, next })
  }
}

function kindOf(status: number, headers: Answer['headers']): ClientErrorKind {
  switch (status) {
    case 401:
      return 'unauthenticated'
    case 403:
      // GitHub's way of saying 429.
      return headers['x-ratelimit-remaining'] === '0' ? 'rateLimited' : 'denied'
    case 404:
      return 'notFound'
    case 429:
      return 'rateLimited'
    case 400:
    case 405:
    case 409:
    case 412:
    case 422:
      return 'unsupported'
    default:
      return 'serverFault'
  }
}

/** The text of an error, wherever the well-known interfaces put it; one line, cut. */
async function readMessage(answer: Answer): Promise<string | undefined> {
  let body: unknown
  try {
    body = parseJson((await readBody(answer, messageBytesMax)).toString())
  } catch {
    return undefined
  }
  const first = (body as { errors?: readonly unknown[] } | undefined | null)?.errors?.[0] ?? body
  const { message, detail } = (first ?? {}) as { message?: unknown; detail?: unknown }
  const text = [message, detail].find((each): each is string => typeof each === 'string')
  return text?.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 400)
}

function nextLink(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  return /<([^<>]{1,4096})>\s*;[^<]*?rel="?next"?/.exec(text.slice(0, 16_384))?.[1]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
