import { once } from 'node:events'
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http'
import { Agent as TlsAgent, request as requestHttps } from 'node:https'
import { finished } from 'node:stream/promises'
import { basic, readChallenge, tokenPath } from './bearer.ts'
import { isContinued, receive } from './receive.ts'

export type Answer = {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  method: string
  /** The request in a few lines, for a report. */
  sent: string
}

export type Message = {
  headers?: OutgoingHttpHeaders
  /** A list is sent chunk by chunk, without a Content-Length. */
  body?: Uint8Array | readonly Uint8Array[]
  /** Scopes to ask for beside the one in the challenge, as clients do for the source of a mount. */
  scopes?: readonly string[]
}

type Bounds = {
  origin: string
  /** The authority to trust, for an `https:` origin. */
  ca: string | undefined
  user: { name: string; password: string } | undefined
}

/**
 * A registry client that keeps to what the challenge says: it sends a request without credentials first, fetches a
 * token for the scope it is told, sends the request again, and keeps the token for requests of the same kind.
 */
export class Registry {
  readonly #bounds: Bounds
  readonly #agent: Agent
  readonly #tokens = new Map<string, string>()
  /** Is given every answer. */
  onAnswer: (answer: Answer) => void = () => undefined

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    const options = { keepAlive: true, maxSockets: 8 }
    this.#agent =
      bounds.ca === undefined ? new Agent(options) : new TlsAgent({ ...options, ca: bounds.ca })
  }

  get origin(): string {
    return this.#bounds.origin
  }

  get user(): Bounds['user'] {
    return this.#bounds.user
  }

  /** Sends a request, with the credentials that the registry asks for. */
  async ask(method: string, path: string, message: Message = {}): Promise<Answer> {
    const kind = kindOf(method, path)
    const held = message.scopes ? undefined : this.#tokens.get(kind)
    const first = await this.askAs(held, method, path, message)
    const { user } = this.#bounds
    if (first.status !== 401 || user === undefined) return first
    const challenge = readChallenge(first.headers['www-authenticate'])
    const tokenAt = tokenPath(challenge, this.origin, message.scopes ?? [])
    const given = await this.askAs(basic(user), 'GET', tokenAt)
    if (given.status !== 200) throw new Error(`the token service answered ${given.status}`)
    const token = `Bearer ${(JSON.parse(given.body.toString()) as { token: string }).token}`
    if (!message.scopes) this.#tokens.set(kind, token)
    return this.askAs(token, method, path, message)
  }

  /** Sends one request with this `Authorization`, or none. */
  async askAs(
    authorization: string | undefined,
    method: string,
    path: string,
    message: Message = {},
  ): Promise<Answer> {
    const outgoing = this.#open(method, path, {
      // As Go's client does: what is stored must come back as it is all the same.
      'accept-encoding': 'gzip, zstd',
      ...bodyHeaders(method, message.body),
      ...message.headers,
      ...(authorization !== undefined && { authorization }),
    })
    const answered = receive(outgoing)
    const isWanted =
      message.headers?.expect === undefined || (await isContinued(outgoing, answered))
    if (isWanted) {
      for (const chunk of chunksOf(message.body)) outgoing.write(chunk)
      outgoing.end()
    }
    const { incoming, body } = await answered
    if (!isWanted) outgoing.destroy()
    const answer: Answer = {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body,
      method,
      sent: describe(method, path, message),
    }
    if (path.startsWith('/v2')) this.onAnswer(answer)
    return answer
  }

  /** Sends a part of a body, announced to be `length` bytes or of no known length, and hangs up. */
  async breakOff(
    method: string,
    path: string,
    length: number | undefined,
    part: Uint8Array,
  ): Promise<void> {
    const authorization = this.#tokens.get(kindOf(method, path))
    const outgoing = this.#open(method, path, {
      ...(length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }),
      ...(authorization !== undefined && { authorization }),
    })
    outgoing.on('error', () => undefined)
    await new Promise<void>((resolve) => {
      outgoing.write(part, () => resolve())
    })
    outgoing.destroy()
  }

  /** Reads the beginning of an answer and hangs up. Returns its status. */
  async hangUp(path: string, headers: OutgoingHttpHeaders): Promise<number> {
    const authorization = this.#tokens.get(kindOf('GET', path))
    const outgoing = this.#open('GET', path, {
      ...headers,
      ...(authorization !== undefined && { authorization }),
    })
    outgoing.end()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    await once(incoming, 'data')
    incoming.destroy()
    await finished(incoming).catch(() => undefined)
    return incoming.statusCode ?? 0
  }

  close(): void {
    this.#agent.destroy()
  }

  #open(method: string, path: string, headers: OutgoingHttpHeaders): ClientRequest {
    const { hostname, port, protocol } = new URL(this.#bounds.origin)
    const options = { hostname, port, method, path, headers, agent: this.#agent, timeout: 30_000 }
    const outgoing = protocol === 'https:' ? requestHttps(options) : requestHttp(options)
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)))
    return outgoing
  }
}

/** Requests that one token serves: of one repository, reading, writing or deleting. */
function kindOf(method: string, path: string): string {
  const place = path.replace(/\?.*$/, '')
  const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(place)?.[1] ?? place
  const reads = method === 'GET' || method === 'HEAD'
  return `${reads ? 'read' : method === 'DELETE' ? 'delete' : 'write'} ${repository}`
}

function chunksOf(body: Message['body']): readonly Uint8Array[] {
  if (body === undefined) return []
  return body instanceof Uint8Array ? [body] : body
}

function bodyHeaders(method: string, body: Message['body']): OutgoingHttpHeaders {
  if (body instanceof Uint8Array) return { 'content-length': body.length }
  if (body !== undefined) return { 'transfer-encoding': 'chunked' }
  return method === 'GET' || method === 'HEAD' ? {} : { 'content-length': 0 }
}

function describe(method: string, path: string, { headers = {}, body }: Message): string {
  const lines = [`${method} ${path}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${String(value)}`)
  if (body instanceof Uint8Array) lines.push(`(a body of ${body.length} bytes)`)
  else if (body !== undefined) lines.push(`(a body in ${body.length} chunks)`)
  return lines.join('\n')
}
