import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { type LookupFunction, isIP } from 'node:net'
import { BerthError } from '../errors.ts'
import type { ResolvedAddress } from './addresses.ts'

type PinnedRequest = {
  readonly url: URL
  /** Where the connection goes, whatever the name in the URL may mean by now. */
  readonly addresses: readonly ResolvedAddress[]
  readonly method: string
  readonly headers: Headers
  readonly body: Buffer | undefined
  readonly ca: readonly string[] | undefined
  readonly signal: AbortSignal
  readonly maxBytes: number
}

const maxHeaderBytes = 32 * 1024
/** An answer whose body is yet to be read: whoever gets it reads it to its end or destroys it. */
export type StreamedAnswer = {
  readonly status: number
  readonly headers: Headers
  readonly body: IncomingMessage
}

/** Answers that have no body (RFC 9110); a `Response` refuses one for them. */
const bodiless = [204, 205, 304]

/**
 * Sends one request over a connection of its own to one of the given addresses, and reads the whole answer. The name in
 * the URL still counts for `Host`, SNI and the certificate. Throws `unavailable` for an answer that is too large; other
 * failures as Node tells them.
 */
export async function sendPinned(pinned: PinnedRequest): Promise<Response> {
  const { status, headers, body: incoming } = await openPinned(pinned)
  const body = await readBody(incoming, pinned.url, pinned.maxBytes)
  return new Response(bodiless.includes(status) ? null : body, { status, headers })
}

/** As `sendPinned`, for what is too large for memory: `maxBytes` counts only where the answer says its length. */
export async function openPinned(pinned: PinnedRequest): Promise<StreamedAnswer> {
  const { url, maxBytes } = pinned
  const body = await send(pinned)
  const status = body.statusCode ?? 0
  if (status < 200 || status > 599) {
    body.destroy()
    throw new BerthError('unavailable', `${url.host} answers with the status ${status}.`)
  }
  if (Number(body.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(body, url, maxBytes)
  const headers = new Headers()
  for (let index = 0; index + 1 < body.rawHeaders.length; index += 2) {
    headers.append(body.rawHeaders[index] ?? '', body.rawHeaders[index + 1] ?? '')
  }
  return { status, headers, body }
}

function send(pinned: PinnedRequest): Promise<IncomingMessage> {
  const { url, addresses, method, headers, body, ca, signal } = pinned
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const options = {
    // An agent of its own: no kept connection, no proxy from the environment.
    agent: secure ? new HttpsAgent() : new HttpAgent(),
    host,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method,
    headers: {
      ...Object.fromEntries(headers),
      ...(body !== undefined && { 'content-length': body.length }),
    },
    lookup: answerWith(addresses),
    maxHeaderSize: maxHeaderBytes,
    signal,
    ...(secure && ca !== undefined && { ca: [...ca] }),
    ...(secure && isIP(host) === 0 && { servername: host.replace(/\.$/, '') }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? requestHttps : requestHttp)(options, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function answerWith(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses
    if (options.all) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

async function readBody(incoming: IncomingMessage, url: URL, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge(incoming, url, maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(incoming: IncomingMessage, url: URL, maxBytes: number): BerthError {
  incoming.destroy()
  return new BerthError('unavailable', `${url.host} answers with more than ${maxBytes} bytes.`, {
    details: [{ reason: 'answerTooLarge' }],
  })
}
