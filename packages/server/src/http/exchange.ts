import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Actor } from '../actor.ts'

/** Bodies up to this size are copied next to the headers; beyond, two buffers are cheaper than the copy. */
const joinedMax = 16 * 1024

/** One request and its answer, with what the access log and the metrics want to know at its end. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Shown to the client as `X-Request-Id` and written with every log line about this request. */
  readonly id: string
  readonly startedAt: number
  /** The route's id (`end-3`), a name outside of the protocol (`token`, `livez`), or `none`. A metric label: never a stranger's text. */
  endpoint = 'none'
  actor: Actor | undefined
  /** Body bytes handed to the connection so far. */
  bytesSent = 0
  /** Bytes of a blob that this request completed. */
  bytesReceived: number | undefined
  /** The unexpected error behind a 500, or behind an answer that was cut short. */
  failure: unknown
  /** Called once when the connection closes before the answer is complete. */
  onAbort: (() => void) | undefined
  /** The client waits for `100 Continue` before it sends the body. */
  #awaitsContinue: boolean

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    awaitsContinue: boolean,
  ) {
    this.request = request
    this.response = response
    this.id = id
    this.startedAt = performance.now()
    this.#awaitsContinue = awaitsContinue
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD'
  }

  /** Whether the client still waits for leave to send its body: it has sent none of it. */
  get awaitsContinue(): boolean {
    return this.#awaitsContinue
  }

  /** Tells a client that waits for it to send the body. Call it once everything that the headers can tell is checked. */
  acceptBody(): void {
    if (!this.#awaitsContinue) return
    this.#awaitsContinue = false
    this.response.writeContinue()
  }

  /** Whether an answer can no longer be sent: the client is gone, or one is under way. */
  get isAnswered(): boolean {
    return this.response.headersSent || this.response.destroyed
  }

  /**
   * Whether the next move is the client's: it does not take the answer, or does not send the body that is being read.
   * A body that has arrived and was not taken up yet is the server's turn.
   */
  get isWaitingForClient(): boolean {
    const { request, response } = this
    if (response.headersSent) return response.writableLength > 0 || response.writableEnded
    return !request.complete && request.readableLength === 0
  }

  /**
   * Sends status and headers (a flat list of names and values; it is extended here) without a body.
   * The caller goes on to write exactly `Content-Length` bytes.
   */
  begin(status: number, headers: string[]): void {
    headers.push('X-Request-Id', this.id)
    this.response.writeHead(status, headers)
  }

  /**
   * Answers at once. `headers` must hold the right `Content-Length`; for a HEAD request the body is left away.
   * Does nothing when the client is gone.
   */
  send(status: number, headers: string[], body?: Uint8Array | string): void {
    if (this.isAnswered) return
    this.begin(status, headers)
    if (body === undefined || this.isHead) {
      this.response.end()
      return
    }
    this.bytesSent += body.length
    if (Buffer.isBuffer(body) && body.length <= joinedMax) {
      // Bytes as text go out in one piece with the headers: one system call with one buffer.
      this.response.end(body.toString('latin1'), 'latin1')
    } else {
      this.response.end(body)
    }
  }
}
