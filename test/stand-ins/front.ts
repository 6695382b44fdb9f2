import { Buffer } from 'node:buffer'
import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream/promises'
import { type Account, accounts, type NeededAction } from './accounts.ts'
import type { Backend } from './backend.ts'

export type Reply = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  readonly body?: unknown
}

export type FrontRequest = {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  /** `127.0.0.1:<port>`, as the client called it. */
  readonly host: string
  /** Of a request below `/v2/<repository>/`. */
  readonly repository: string | undefined
  readonly action: NeededAction
  /** All of the body; only for what is not proxied. */
  text(): Promise<string>
}

/** One kind of registry: what it lets through to the real registry behind it, and what it answers by itself. */
export interface StandIn {
  /** For requests below `/v2/`: `undefined` lets them through. */
  admit(request: FrontRequest): Promise<Reply | undefined> | Reply | undefined
  /** Everything else: token services, identity services, its own interface. `undefined` is 404. */
  answer?(request: FrontRequest): Promise<Reply | undefined> | Reply | undefined
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** What a test may change while it runs, by `POST /-/control`. */
export type Control = {
  /** Moves the clock of the stand-in on. */
  readonly advanceSeconds?: number | undefined
  /** So many of the next requests below `/v2/` are refused with 429. */
  readonly limitNext?: number | undefined
  readonly retryAfterSeconds?: number | undefined
}

const bodyMax = 1024 * 1024

/** The HTTP front that all stand-ins share: control, rate limit, refusals, and the real registry behind. */
export class Front {
  readonly backend: Backend
  readonly limitBody: unknown
  #advancedMs = 0
  #limited = 0
  #retryAfter = 1
  readonly #started = Date.now()
  /** `METHOD path` of everything that was asked, without queries, which hold secrets. */
  readonly #asked: string[] = []

  constructor(backend: Backend, limitBody: unknown) {
    this.backend = backend
    this.limitBody = limitBody
  }

  now(): number {
    return Date.now() + this.#advancedMs
  }

  /** The account of that name and secret, unless its time is over. */
  account(name: string | undefined, secret: string | undefined): Account | undefined {
    const found: Account | undefined = Object.values(accounts).find(
      (account) => account.name === name && account.secret === secret,
    )
    return found !== undefined && this.isAlive(found) ? found : undefined
  }

  isAlive({ lifeSeconds }: Account): boolean {
    return lifeSeconds === undefined || this.now() < this.#started + lifeSeconds * 1000
  }

  serve(standIn: StandIn): Server {
    return createServer((request, response) => {
      this.#serve(standIn, request, response).catch((error: unknown) => {
        process.stderr.write(`${String(error)}\n`)
        if (response.headersSent) response.destroy()
        else send(response, { status: 500, body: { message: String(error) } }, {})
      })
    })
  }

  async #serve(
    standIn: StandIn,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const read = readRequest(request)
    const { url } = read
    const own = standIn.headers ?? {}
    if (url.pathname === '/-/control') {
      send(response, await this.#control(read), {})
      return
    }
    this.#asked.push(`${read.method} ${url.pathname}`)
    if (!url.pathname.startsWith('/v2/') || (await isOwnPath(standIn, read))) {
      const reply = await standIn.answer?.(read)
      request.resume()
      send(response, reply ?? { status: 404, body: { message: 'Not Found' } }, own)
      return
    }
    if (this.#limited > 0) {
      this.#limited -= 1
      const headers = { 'Retry-After': String(this.#retryAfter) }
      request.resume()
      send(response, { status: 429, headers, body: this.limitBody }, own)
      return
    }
    const refused = await standIn.admit(read)
    if (refused !== undefined) {
      request.resume()
      send(response, refused, own)
      return
    }
    await this.#proxy(request, response, own)
  }

  async #control(read: FrontRequest): Promise<Reply> {
    if (read.method === 'GET') return { status: 200, body: { asked: this.#asked } }
    const control = JSON.parse(await read.text()) as Control
    this.#advancedMs += (control.advanceSeconds ?? 0) * 1000
    this.#limited = control.limitNext ?? this.#limited
    this.#retryAfter = control.retryAfterSeconds ?? this.#retryAfter
    return { status: 200, body: {} }
  }

  /** With the credentials that the real registry knows, and by the name that the client used. */
  async #proxy(
    request: IncomingMessage,
    response: ServerResponse,
    own: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { authorization, port } = this.backend
    const onward = requestHttp({
      host: '127.0.0.1',
      port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: { ...request.headers, authorization, connection: 'close' },
      agent: false,
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once('response', resolve)
      onward.once('error', reject)
    })
    const sent = pipeline(request, onward).catch(() => {
      // The registry may answer before it has read everything; its answer is what counts.
    })
    const answer = await answered
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...own })
    await pipeline(answer, response)
    await sent
  }
}

/** Some kinds have their token service below `/v2/`; those answer it before the registry does. */
async function isOwnPath(standIn: StandIn, { url, repository }: FrontRequest): Promise<boolean> {
  if (repository !== undefined || url.pathname === '/v2/' || url.pathname === '/v2/_catalog')
    return false
  return standIn.answer !== undefined
}

function readRequest(request: IncomingMessage): FrontRequest {
  const host = request.headers.host ?? '127.0.0.1'
  const url = new URL(request.url ?? '/', `http://${host}`)
  const method = request.method ?? 'GET'
  const found = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\//.exec(url.pathname)
  return {
    method,
    url,
    headers: request.headers,
    host,
    repository: found?.[1],
    action: actionOf(method, found?.[2]),
    async text() {
      let text = ''
      for await (const chunk of request) {
        text += String(chunk)
        if (text.length > bodyMax) throw new Error('the body is too large')
      }
      return text
    },
  }
}

function actionOf(method: string, place: string | undefined): NeededAction {
  if (method === 'GET' || method === 'HEAD') return 'pull'
  return method === 'DELETE' && place === 'manifests' ? 'delete' : 'push'
}

function send(
  response: ServerResponse,
  { status, headers = {}, body }: Reply,
  own: Readonly<Record<string, string>>,
): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, {
    ...(text !== '' && { 'Content-Type': 'application/json' }),
    'Content-Length': String(Buffer.byteLength(text)),
    ...own,
    ...headers,
  })
  response.end(text)
}

/** Name and secret of `Authorization: Basic`. */
export function basicOf(
  headers: IncomingMessage['headers'],
): { name: string; secret: string } | undefined {
  const [scheme, value = ''] = (headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString()
  const colon = text.indexOf(':')
  return colon === -1 ? undefined : { name: text.slice(0, colon), secret: text.slice(colon + 1) }
}

export function bearerOf(headers: IncomingMessage['headers']): string | undefined {
  const [scheme, value] = (headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' ? value : undefined
}

/** The protocol's error envelope. */
export function envelope(code: string, message: string): unknown {
  return { errors: [{ code, message }] }
}
