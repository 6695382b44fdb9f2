import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A request written byte by byte, for clients that break off, stall or dawdle. */
export class RawRequest {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #discards = false
  /** Bytes that have arrived, also those that were thrown away. */
  receivedBytes = 0
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {
      // Being cut off is what these tests are about; `closed` tells.
    })
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length
      if (!this.#discards) this.#received = Buffer.concat([this.#received, chunk])
    })
  }

  /** Connects and sends the head of a request. */
  static async open(
    port: number,
    method: string,
    path: string,
    headers: Readonly<Record<string, string | number>> = {},
  ): Promise<RawRequest> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join('')}\r\n`)
    return new RawRequest(socket)
  }

  /** Counts what arrives from now on, but keeps none of it. */
  discard(): void {
    this.#discards = true
  }

  get text(): string {
    return this.#received.toString('latin1')
  }

  /** Resolves with the status as soon as the head of the answer is here, 0 when the connection closes before. */
  async status(): Promise<number> {
    const isClosed = this.closed.then(() => true)
    while (!this.text.includes('\r\n\r\n')) {
      const more = once(this.socket, 'data').then(
        () => false,
        () => true,
      )
      if (await Promise.race([isClosed, more])) break
    }
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1] ?? 0)
  }

  /** Resolves when the kernel has taken the bytes. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.socket.write(bytes)) return
    await Promise.race([once(this.socket, 'drain'), this.closed])
  }

  /** Disappears without a word. */
  destroy(): void {
    this.socket.destroy()
  }
}

/** Polls until `isDone`; throws with `what` after `withinMs`. */
export async function eventually(
  what: string,
  withinMs: number,
  isDone: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
