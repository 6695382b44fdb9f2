import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { getCACertificates } from 'node:tls'
import { ClientError } from '../client-error.ts'
import { backOff, type RetryRules, retryRules, wait } from './back-off.ts'
import { connectionError } from './connection-error.ts'
import { LargeBody } from './large-body.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type TransportOptions = {
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either spelling, are read from it. Default: none. */
  readonly env?: Environment | undefined
  /** PEM of further authorities, beside those of the system. */
  readonly certificates?: readonly string[] | undefined
  /** PEM of what this machine shows of itself, where a registry asks for it. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined
  readonly userAgent?: string | undefined
  readonly retry?: Partial<RetryRules> | undefined
  /** Without a byte for so long, a connection counts as lost. Default 60,000 ms. */
  readonly idleTimeout?: number | undefined
  /** Connections to one host at a time. Default 32. */
  readonly connections?: number | undefined
  /** Told before each wait between two tries. */
  readonly onRetry?: ((retry: { reason: string; waitMs: number }) => void) | undefined
}

/** A body that is there only once, so that its request is never repeated. */
export type SentOnce = {
  /** Bytes in all. */
  readonly length: number
  /** Writes them all, minding backpressure, and does not end the stream. Rejects when they cannot be had. */
  readonly writeTo: (request: Writable) => Promise<void>
}

export type TransportRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Buffer | string | SentOnce | undefined
  /** Whether sending it twice does no harm. Default: for all but POST and PATCH. */
  readonly isRepeatable?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Has to be read to its end or destroyed; see `readBody` and `dropBody`. */
  readonly body: Readable
  /** Where it came from, after redirects. */
  readonly url: URL
}

const redirects = new Set([301, 302, 303, 307, 308])
const redirectsMax = 5
const usualIdleTimeout = 60_000
const proxyVariables = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']

/**
 * Sends requests: keeps connections, goes through proxies, trusts further authorities, follows redirects of GET and
 * HEAD without taking credentials to another host, tries again when that is safe. Statuses are answers, not errors.
 */
export class Transport {
  readonly #http: HttpAgent
  readonly #https: HttpsAgent
  readonly #options: TransportOptions
  readonly #retry: RetryRules
  readonly #tls: { readonly ca?: string[]; readonly cert?: string; readonly key?: string }
  readonly #isProxied: boolean

  constructor(options: TransportOptions = {}) {
    const { env, certificates = [], clientCertificate, connections = 32 } = options
    const shared = {
      keepAlive: true,
      maxSockets: connections,
      // Servers close idle connections after about a minute; a request on one that closes just then is lost.
      keepAliveMsecs: 30_000,
      timeout: options.idleTimeout ?? usualIdleTimeout,
      scheduling: 'lifo' as const,
      ...(env !== undefined && { proxyEnv: env }),
    }
    this.#tls = {
      ...(certificates.length > 0 && { ca: [...getCACertificates('default'), ...certificates] }),
      ...(clientCertificate !== undefined && {
        cert: clientCertificate.certificate,
        key: clientCertificate.key,
      }),
    }
    this.#isProxied = proxyVariables.some((name) => (env?.[name] ?? '') !== '')
    this.#http = new HttpAgent(shared)
    this.#https = new HttpsAgent({ ...shared, ...this.#tls })
    this.#options = options
    this.#retry = { ...retryRules, ...options.retry }
  }

  /**
   * The answer, whatever its status, after as many tries as are allowed and safe. Throws `unreachable`,
   * `tlsUntrusted`, `connectionLost` or `cancelled`.
   */
  async send(request: TransportRequest): Promise<Answer> {
    const { body } = request
    const isStream = isSentOnce(body)
    const isRepeatable =
      !isStream && (request.isRepeatable ?? !['POST', 'PATCH'].includes(request.method))
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(request)
      const waitMs = backOff(outcome, { attempt, isRepeatable, isStream }, this.#retry)
      if (waitMs === undefined) {
        if (outcome instanceof Error) throw outcome
        return outcome
      }
      if (!(outcome instanceof Error)) dropBody(outcome)
      const reason = outcome instanceof Error ? outcome.message : `status ${outcome.status}`
      this.#options.onRetry?.({ reason, waitMs })
      await wait(waitMs, request.signal)
    }
  }

  /**
   * The body of a GET as `LargeBody`, over a connection of its own; `undefined` when it has to be asked for with `send`:
   * through a proxy, or when the answer is not simply the content.
   */
  async openLarge(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<LargeBody | undefined> {
    if (this.#isProxied) return undefined
    return LargeBody.open({
      url,
      headers: { 'User-Agent': this.#options.userAgent ?? 'berth', ...headers },
      tls: this.#tls,
      idleTimeout: this.#options.idleTimeout ?? usualIdleTimeout,
      signal,
    })
  }

  /** Ends all connections that are kept. Requests under way are cut off. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  /** One try, with its redirects; what went wrong as a value. */
  async #attempt(request: TransportRequest): Promise<Answer | ClientError> {
    try {
      let current = request
      for (let followed = 0; ; followed += 1) {
        const answer = await this.#once(current)
        const target = redirectTarget(current, answer)
        if (target === undefined) return answer
        dropBody(answer)
        if (followed === redirectsMax) {
          return new ClientError(
            'serverFault',
            `${request.url.host} redirects more than ${redirectsMax} times.`,
          )
        }
        current = { ...current, url: target, headers: headersFor(target, current) }
      }
    } catch (error) {
      return connectionError(error, request.url, request.signal)
    }
  }

  #once(request: TransportRequest): Promise<Answer> {
    const { url, method, body, signal } = request
    const isSecure = url.protocol === 'https:'
    return new Promise((resolve, reject) => {
      const sent = (isSecure ? requestHttps : requestHttp)(url, {
        method,
        agent: isSecure ? this.#https : this.#http,
        headers: {
          'User-Agent': this.#options.userAgent ?? 'berth',
          ...request.headers,
          ...lengthHeader(method, body),
        },
        ...(signal !== undefined && { signal }),
      })
      sent.once('timeout', () => {
        const error = new Error('no byte came for too long')
        sent.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
      })
      sent.once('error', reject)
      sent.once('response', (response) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: response,
          url,
        })
      })
      if (isSentOnce(body)) {
        body.writeTo(sent).then(
          () => sent.end(),
          (error: unknown) => {
            // What could not be read is the reason, not the connection that ends because of it.
            reject(error)
            sent.destroy()
          },
        )
      } else sent.end(body)
    })
  }
}

/** All of a body, as bytes. Throws `serverFault` beyond `maxBytes`, `connectionLost` when it breaks off. */
export async function readBody(answer: Answer, maxBytes = 4 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const gather = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length
      chunks.push(chunk)
      done(
        size > maxBytes
          ? new ClientError(
              'serverFault',
              `${answer.url.host} sent more than the ${maxBytes} bytes that are allowed for ${answer.url.pathname}.`,
            )
          : null,
      )
    },
  })
  try {
    await pipeline(answer.body, gather)
  } catch (error) {
    throw connectionError(error, answer.url, undefined)
  }
  return Buffer.concat(chunks)
}

/** Gives the connection back without the body, when little is left of it, or ends it. */
export function dropBody(answer: Answer): void {
  answer.body.on('error', () => {})
  const length = Number(answer.headers['content-length'] ?? 'unknown')
  if (length <= 65_536) answer.body.resume()
  else answer.body.destroy()
}

function isSentOnce(body: TransportRequest['body']): body is SentOnce {
  return typeof body === 'object' && 'writeTo' in body
}

function lengthHeader(
  method: TransportRequest['method'],
  body: TransportRequest['body'],
): Record<string, string> {
  if (body === undefined) {
    return method === 'GET' || method === 'HEAD' || method === 'DELETE'
      ? {}
      : { 'Content-Length': '0' }
  }
  if (isSentOnce(body)) return { 'Content-Length': String(body.length) }
  return { 'Content-Length': String(Buffer.byteLength(body)) }
}

function redirectTarget(request: TransportRequest, answer: Answer): URL | undefined {
  const { location } = answer.headers
  if (!redirects.has(answer.status) || location === undefined) return undefined
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
  return new URL(location, request.url)
}

/** Credentials stay with the host that they were made for (RFC 9110, section 15.4), and off plain connections. */
function headersFor(target: URL, request: TransportRequest): Record<string, string> {
  const headers = { ...request.headers }
  if (target.origin !== request.url.origin) {
    for (const name of Object.keys(headers)) {
      if (/^(?:authorization|cookie)$/i.test(name)) delete headers[name]
    }
  }
  return headers
}
