import { connect as connectPlain, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { connect as connectSecure } from 'node:tls'
import { connectionError } from './connection-error.ts'

export type LargeBodyRequest = {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Of the TLS connection: authorities, certificate and key of this machine. */
  readonly tls: { readonly ca?: string[]; readonly cert?: string; readonly key?: string }
  readonly idleTimeout: number
  readonly signal: AbortSignal | undefined
}

const bufferBytes = 512 * 1024
/** Read and not yet taken: enough that reading and writing overlap. */
const readAheadBytes = 1024 * 1024
const headBytesMax = 64 * 1024
const headEnd = '\r\n\r\n'

/**
 * The body of a GET, read straight from its connection into buffers that are used again. Node's own HTTP client copies
 * every 64 KiB of a body into new memory, which takes more time than all the rest of a copy between two registries.
 * Whoever is done with a chunk may give its buffer back with `release`; who does not know of that may keep it.
 */
export class LargeBody extends Readable {
  readonly #socket: Socket
  readonly #free: Buffer[] = []
  readonly #length: number
  #left: number

  private constructor(socket: Socket, length: number) {
    super({ highWaterMark: readAheadBytes })
    this.#socket = socket
    this.#length = length
    this.#left = length
  }

  /**
   * Sends the request and waits for the head of the answer. `undefined` when the answer is anything else than 200 or 206
   * with a length: the usual client has to ask again, and to deal with it. Throws what a lost connection means.
   */
  static open(request: LargeBodyRequest): Promise<LargeBody | undefined> {
    return new Promise((resolve, reject) => {
      const { url, signal } = request
      let body: LargeBody | undefined
      let head = ''
      const nextBuffer = (): Buffer => body?.takeFree() ?? Buffer.allocUnsafeSlow(bufferBytes)
      const onRead = (length: number, buffer: Uint8Array): boolean => {
        const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, length)
        if (body !== undefined) return body.accept(chunk)
        head += chunk.toString('latin1')
        const end = head.indexOf(headEnd)
        if (end === -1 && head.length <= headBytesMax) return true
        const contentLength = end === -1 ? undefined : lengthIn(head.slice(0, end))
        if (contentLength === undefined) {
          socket.destroy()
          resolve(undefined)
          return false
        }
        body = new LargeBody(socket, contentLength)
        resolve(body)
        const rest = head.length - end - headEnd.length
        return rest === 0 || body.accept(chunk.subarray(length - rest))
      }
      const socket = openSocket(request, { buffer: nextBuffer, callback: onRead })
      const fail = (error: Error): void => {
        const reason = connectionError(error, url, signal)
        if (body === undefined) reject(reason)
        else body.destroy(reason)
      }
      const onAbort = (): void => void socket.destroy(new Error('stopped'))
      if (signal?.aborted === true) onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      socket.setTimeout(request.idleTimeout, () => {
        // A reader that takes its time is no silence of the server.
        if (body?.isPaused() === true) return
        socket.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' }))
      })
      socket.once('error', fail)
      socket.once('close', () => {
        signal?.removeEventListener('abort', onAbort)
        if (body === undefined || !body.isWhole) {
          fail(Object.assign(new Error('cut'), { code: 'ECONNRESET' }))
        }
      })
      socket.write(headOf(request))
    })
  }

  /** Whether so many bytes are to come: a registry that does not know ranges sends more. */
  isOfLength(length: number): boolean {
    return this.#length === length
  }

  /** Whether all bytes have come. */
  get isWhole(): boolean {
    return this.#left === 0
  }

  /** Gives the memory of a whole chunk back, once nothing reads it any more. */
  release(chunk: Buffer): void {
    if (chunk.buffer.byteLength === bufferBytes && this.#free.length < 8) {
      this.#free.push(Buffer.from(chunk.buffer, 0, bufferBytes))
    }
  }

  takeFree(): Buffer | undefined {
    return this.#free.pop()
  }

  /** Takes bytes off the connection; false when there is enough of them for now. */
  accept(chunk: Buffer): boolean {
    const wanted = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= wanted.length
    const goesOn = this.push(wanted)
    if (this.#left > 0) return goesOn
    this.push(null)
    this.#socket.destroy()
    return false
  }

  override _read(): void {
    if (this.#left > 0) this.#socket.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}

function openSocket(
  { url, tls }: LargeBodyRequest,
  onread: { buffer: () => Buffer; callback: (length: number, buffer: Uint8Array) => boolean },
): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isSecure = url.protocol === 'https:'
  const port = Number(url.port === '' ? (isSecure ? 443 : 80) : url.port)
  if (!isSecure) return connectPlain({ host, port, onread })
  const servername = /^[\d.]+$|:/.test(host) ? '' : host
  // Passed on to the socket below TLS (Node.js documents it for `tls.connect`; its types do not have it).
  const options = { host, port, servername, ALPNProtocols: ['http/1.1'], ...tls, onread }
  return connectSecure(options)
}

function headOf({ url, headers }: LargeBodyRequest): string {
  const lines = Object.entries({ Host: url.host, ...headers, Connection: 'close' }).map(
    // What came from elsewhere (a token, say) must not begin another line.
    ([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, '')}`,
  )
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('\r\n')}${headEnd}`
}

/** The length of the body, when it is one that can be read as it comes. */
function lengthIn(head: string): number | undefined {
  const [status = '', ...lines] = head.split('\r\n')
  if (!/^HTTP\/1\.[01] 20[06](?: |$)/.test(status)) return undefined
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const length = fields.get('content-length') ?? ''
  const isEncoded = fields.has('transfer-encoding') || fields.has('content-encoding')
  return isEncoded || !/^\d{1,15}$/.test(length) ? undefined : Number(length)
}
