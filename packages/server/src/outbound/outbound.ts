import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import { getCACertificates } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import { AddressRules, type ResolvedAddress } from './addresses.ts'
import { openPinned, sendPinned, type StreamedAnswer } from './send-pinned.ts'

export type OutboundRequest = {
  readonly method?: string | undefined
  readonly headers?: RequestInit['headers'] | undefined
  readonly body?: string | Uint8Array | URLSearchParams | null | undefined
  /** `follow` is the default; `manual` hands the redirect itself to the caller. */
  readonly redirect?: 'follow' | 'manual' | undefined
  readonly signal?: AbortSignal | undefined
  /** The largest answer taken. Default: 1 MiB. */
  readonly maxBytes?: number | undefined
}

const defaultMaxBytes = 1024 * 1024
const maxRedirects = 5
const maxUrlLength = 4096
/** What another origin may know of a request that was redirected to it. */
const harmlessHeaders = ['accept', 'accept-language', 'user-agent']

/**
 * Every request that Berth makes to an address from its settings or its users goes through here, so that nobody can
 * make it ask machines that only it can reach. The name is looked up once, all its addresses are checked, and the
 * connection goes to just those, whatever the name says a moment later; each redirect is checked likewise.
 */
export class Outbound {
  readonly #settings: Config['outbound']
  readonly #rules: AddressRules
  readonly #resolve: (host: string) => Promise<readonly ResolvedAddress[]>

  constructor(parts: {
    settings: Config['outbound']
    /** Looks a name up; the system's resolver without it. */
    resolve?: (host: string) => Promise<readonly ResolvedAddress[]>
  }) {
    this.#settings = parts.settings
    this.#rules = new AddressRules(parts.settings)
    this.#resolve = parts.resolve ?? ((host) => lookup(host, { all: true, order: 'verbatim' }))
  }

  /**
   * As the global `fetch`, within limits: at most 5 redirects, never from https to http, and another origin gets neither
   * credentials nor a body; the answer is read whole, 1 MiB unless told otherwise, within `outbound.timeoutSeconds`.
   * Throws `requestInvalid` (rule `outbound`) for an address that is not allowed, `unavailable` for everything that
   * the other side does wrong.
   */
  async fetch(url: string | URL, request: OutboundRequest = {}): Promise<Response> {
    const timeout = AbortSignal.timeout(this.#settings.timeoutSeconds * 1000)
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout
    try {
      return await this.#follow(checkUrl(url), { ...request, signal }, sendPinned)
    } catch (error) {
      throw failureOf(error, url, signal)
    }
  }

  /**
   * As `fetch`, for content of any length: `outbound.timeoutSeconds` counts until the answer begins, then for every
   * time in which nothing comes. The caller reads the body to its end or destroys it.
   */
  async stream(url: string | URL, request: OutboundRequest = {}): Promise<StreamedAnswer> {
    const timeoutMs = this.#settings.timeoutSeconds * 1000
    const slow = new AbortController()
    const timer = setTimeout(() => slow.abort(), timeoutMs)
    const signal = request.signal ? AbortSignal.any([slow.signal, request.signal]) : slow.signal
    try {
      const wanted = { maxBytes: Number.MAX_SAFE_INTEGER, ...request, signal }
      const answer = await this.#follow(checkUrl(url), wanted, openPinned)
      const { body } = answer
      body.setTimeout(timeoutMs, () => body.destroy(failureOf(undefined, url, { aborted: true })))
      return answer
    } catch (error) {
      throw failureOf(error, url, signal)
    } finally {
      clearTimeout(timer)
    }
  }

  async #follow<Answer extends Pick<StreamedAnswer, 'status' | 'headers'>>(
    start: URL,
    request: OutboundRequest & { readonly signal: AbortSignal },
    send: (pinned: Parameters<typeof sendPinned>[0]) => Promise<Answer>,
  ): Promise<Answer> {
    const { signal } = request
    let url = start
    let method = (request.method ?? 'GET').toUpperCase()
    let body = bytesOf(request.body)
    let headers = headersOf(request)
    const ca = await this.#authorities()
    for (let redirects = 0; ; redirects += 1) {
      const answer = await send({
        url,
        addresses: await this.#addressesOf(url, signal),
        method,
        headers,
        body,
        ca,
        signal,
        maxBytes: request.maxBytes ?? defaultMaxBytes,
      })
      const location = redirectOf(answer)
      if (location === undefined || request.redirect === 'manual') return answer
      if ('body' in answer && answer.body instanceof Readable) answer.body.destroy()
      if (redirects === maxRedirects) {
        throw misbehaved(url, `redirects more than ${maxRedirects} times`)
      }
      const next = nextUrl(url, location)
      if (answer.status === 303 ? method !== 'HEAD' : answer.status < 303 && method === 'POST') {
        method = 'GET'
        body = undefined
        headers.delete('content-type')
      }
      if (next.origin !== url.origin) {
        if (body !== undefined) throw misbehaved(url, 'redirects a request with content elsewhere')
        headers = new Headers([...headers].filter(([name]) => harmlessHeaders.includes(name)))
      }
      url = next
    }
  }

  /** All addresses of the host, each of them allowed. */
  async #addressesOf(url: URL, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const host = hostOf(url)
    const family = isIP(host)
    const addresses =
      family === 0 ? await unlessAborted(this.#resolve(host), signal) : [{ address: host, family }]
    if (addresses.length === 0) throw misbehaved(url, 'has no address')
    // One forbidden address among good ones is a trick too.
    if (!addresses.every(({ address }) => this.#rules.allows(host, address))) {
      throw refused(
        `${host} is not on the public internet. If Berth may connect to it, name it in outbound.allowedNetworks or outbound.allowedHosts.`,
      )
    }
    return addresses
  }

  async #authorities(): Promise<string[] | undefined> {
    if (this.#settings.caFile === undefined) return undefined
    return [...getCACertificates('default'), await readFile(this.#settings.caFile, 'utf8')]
  }
}

function checkUrl(value: string | URL): URL {
  const text = String(value)
  if (text.length > maxUrlLength || !URL.canParse(text)) {
    throw refused(`The address is not a URL of at most ${maxUrlLength} characters.`)
  }
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused('The address must begin with https:// or http://.')
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('The address must not hold a user name or a password.')
  }
  return url
}

function nextUrl(url: URL, location: string): URL {
  if (!URL.canParse(location, url)) throw misbehaved(url, 'redirects to what is not an address')
  const next = checkUrl(new URL(location, url))
  if (url.protocol === 'https:' && next.protocol !== 'https:') {
    throw misbehaved(url, 'redirects from https to http')
  }
  return next
}

function redirectOf(answer: Pick<StreamedAnswer, 'status' | 'headers'>): string | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined
  return answer.headers.get('location') ?? undefined
}

/** Without the brackets of an IPv6 address, and without the dot that ends an absolute name. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

function headersOf(request: OutboundRequest): Headers {
  const headers = new Headers(request.headers)
  // Answers are taken as they come: what is compressed could be far larger than the limit.
  headers.set('accept-encoding', 'identity')
  if (!headers.has('user-agent')) headers.set('user-agent', 'berth')
  if (request.body instanceof URLSearchParams && !headers.has('content-type')) {
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  return headers
}

function bytesOf(body: OutboundRequest['body']): Buffer | undefined {
  if (body === undefined || body === null) return undefined
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(body.toString())
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function failureOf(error: unknown, url: string | URL, signal: { aborted: boolean }): BerthError {
  if (error instanceof BerthError) return error
  const problem = signal.aborted ? 'did not answer in time' : 'cannot be reached'
  return new BerthError('unavailable', `${new URL(url).host} ${problem}.`, { cause: error })
}

function refused(message: string): BerthError {
  return new BerthError('requestInvalid', message, {
    details: [{ field: 'url', rule: 'outbound', reason: 'addressRefused' }],
  })
}

function misbehaved(url: URL, problem: string): BerthError {
  return new BerthError('unavailable', `${url.host} ${problem}.`)
}
