import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { blockBytes, formatTarHeader, paddingAfter } from './tar-header.ts'

/** Writes a tar archive to a stream, minding its backpressure, entry after entry. */
export class TarWriter {
  readonly #sink: Writable
  readonly #closed: Promise<never>
  #fault: Error | undefined

  constructor(sink: Writable) {
    this.#sink = sink
    this.#closed = new Promise((_resolve, reject) => {
      sink.once('error', (error) => {
        this.#fault = error
        reject(error)
      })
      sink.once('close', () => reject(this.#fault ?? new Error('The target was closed.')))
    })
    this.#closed.catch(() => {})
  }

  /** A file whose content is at hand. */
  async add(name: string, bytes: Buffer): Promise<void> {
    await this.begin(name, bytes.length)
    await this.write(bytes)
    await this.end(bytes.length)
  }

  /** The header of a file; its `size` bytes have to follow by `write`, and then `end`. */
  async begin(name: string, size: number): Promise<void> {
    await this.write(formatTarHeader(name, size))
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault
    if (bytes.length === 0 || this.#sink.write(bytes)) return
    await Promise.race([once(this.#sink, 'drain'), this.#closed])
  }

  async end(size: number): Promise<void> {
    await this.write(paddingAfter(size))
  }

  /** The end of the archive, all of it handed over. The stream stays open. */
  async finish(): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#sink.write(Buffer.alloc(2 * blockBytes), (error) =>
        error === null || error === undefined ? resolve() : reject(error),
      )
    })
    await Promise.race([written, this.#closed])
  }
}
