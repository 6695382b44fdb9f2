import { createHash, timingSafeEqual } from 'node:crypto'
import { BerthError } from '../../errors.ts'
import type { OwnAdapter } from '../../scanners/adapter/own-adapter.ts'
import { harborReportTypes } from '../../scanners/harbor-report.ts'
import type { Exchange } from '../exchange.ts'
import { readSmallBody } from './read-small-body.ts'

const root = '/adapter/api/v1'
const metadataType = 'application/vnd.scanner.adapter.metadata+json; version=1.1'
const responseType = 'application/vnd.scanner.adapter.scan.response+json; version=1.1'
const errorType = 'application/vnd.scanner.adapter.error; version=1.0'
const bodyMax = 64 * 1024
/** Harbor reads it as a number of seconds below 128. */
const refreshAfterSeconds = '5'

/** The Harbor Pluggable Scanner API 1.1, below `/adapter`: callers register that address. */
export class ScannerAdapterDoor {
  readonly #adapter: OwnAdapter
  readonly #token: Buffer

  constructor(parts: { adapter: OwnAdapter; token: string }) {
    this.#adapter = parts.adapter
    this.#token = digestOf(parts.token)
  }

  /** Serves everything below `/adapter/`. Answers every failure itself; rejects never. */
  async serve(exchange: Exchange, target: string): Promise<void> {
    exchange.endpoint = 'scanner-adapter'
    try {
      await this.#route(exchange, target.replace(/\?.*$/, ''))
    } catch (error) {
      if (!(error instanceof BerthError)) exchange.failure = error
      const [status, message] =
        error instanceof BerthError
          ? [error.kind === 'rateLimited' ? 429 : 400, error.message]
          : [500, 'It failed unexpectedly; the log of Berth says how.']
      fail(exchange, status, message)
    }
  }

  async #route(exchange: Exchange, path: string): Promise<void> {
    if (!this.#isKnown(exchange)) {
      fail(exchange, 401, 'The token of scanners.adapter.token is needed.', [
        'WWW-Authenticate',
        'Bearer realm="berth scanner adapter"',
      ])
      return
    }
    const { method } = exchange.request
    const id = /^\/scan\/([0-9a-f-]{36})\/report$/.exec(path.slice(root.length))?.[1]
    if (path === `${root}/metadata` && method === 'GET') {
      send(exchange, 200, metadataType, JSON.stringify(this.#adapter.metadata()))
    } else if (path === `${root}/scan` && method === 'POST') {
      await this.#takeScan(exchange)
    } else if (id !== undefined && path.startsWith(root) && method === 'GET') {
      this.#sendReport(exchange, id)
    } else {
      fail(exchange, 404, `There is nothing at ${path.slice(0, 200)} for this method.`)
    }
  }

  /** By digests, so that the time it takes tells nothing of the token. */
  #isKnown({ request: { headers } }: Exchange): boolean {
    const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    const key = headers['x-scanneradapter-api-key']
    const given = bearer ?? (typeof key === 'string' ? key : undefined)
    return given !== undefined && timingSafeEqual(digestOf(given), this.#token)
  }

  async #takeScan(exchange: Exchange): Promise<void> {
    const bytes = await readSmallBody(exchange, bodyMax)
    let body: unknown
    try {
      body = JSON.parse(bytes.toString())
    } catch {
      throw new BerthError('requestInvalid', 'The request is not JSON.')
    }
    const id = this.#adapter.accept(body)
    send(exchange, 202, responseType, JSON.stringify({ id }))
  }

  #sendReport(exchange: Exchange, id: string): void {
    const accepted = exchange.request.headers.accept ?? '*/*'
    const type = harborReportTypes.find((one) => plain(one) === plain(accepted))
    if (type === undefined && accepted !== '*/*') {
      fail(exchange, 406, `The reports are ${harborReportTypes.join(' or ')}.`)
      return
    }
    const state = this.#adapter.find(id)
    if (state === undefined) {
      fail(exchange, 404, 'This scan is not known here. Ask for it again.')
    } else if (state.kind === 'pending') {
      exchange.send(302, ['Refresh-After', refreshAfterSeconds, 'Content-Length', '0'])
    } else if (state.kind === 'failed') {
      fail(exchange, 500, state.message)
    } else {
      send(exchange, 200, type ?? harborReportTypes[0], state.text)
    }
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function plain(mediaType: string): string {
  return mediaType.replaceAll(' ', '').toLowerCase()
}

function fail(
  exchange: Exchange,
  status: number,
  message: string,
  headers: readonly string[] = [],
): void {
  send(exchange, status, errorType, JSON.stringify({ error: { message } }), headers)
}

function send(
  exchange: Exchange,
  status: number,
  mediaType: string,
  text: string,
  more: readonly string[] = [],
): void {
  const body = Buffer.from(text)
  const headers = ['Content-Type', mediaType, 'Content-Length', String(body.length), ...more]
  exchange.send(status, [...headers, 'Cache-Control', 'no-store'], body)
}
