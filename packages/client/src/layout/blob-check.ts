import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { digestAlgorithm, makeDigest } from '@berth/oci/digest.ts'
import { ClientError } from '../client-error.ts'

/**
 * Lets a blob through and compares it with its descriptor: `digestMismatch` at the first byte too many, or at the end.
 * `where` goes into the message: `in oci:./out`, `on its way to oci:./out`.
 */
export class BlobCheck extends Transform {
  readonly #descriptor: Descriptor
  readonly #where: string
  readonly #hash
  readonly #onBytes: ((total: number) => void) | undefined
  #size = 0

  constructor(descriptor: Descriptor, where: string, onBytes?: (total: number) => void) {
    super({ readableHighWaterMark: 1024 * 1024, writableHighWaterMark: 1024 * 1024 })
    this.#descriptor = descriptor
    this.#where = where
    this.#hash = createHash(digestAlgorithm(descriptor.digest))
    this.#onBytes = onBytes
  }

  /** How many bytes went through, with what came earlier. */
  get size(): number {
    return this.#size
  }

  /** Takes a piece into account that does not go through. */
  addEarlier(piece: Uint8Array): void {
    this.#hash.update(piece)
    this.#size += piece.length
  }

  override _transform(
    piece: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error, piece?: Buffer) => void,
  ): void {
    this.addEarlier(piece)
    const { size, digest } = this.#descriptor
    if (this.#size > size) {
      done(mismatch(`The blob ${digest} ${this.#where} is longer than its ${size} bytes.`))
      return
    }
    this.#onBytes?.(this.#size)
    done(undefined, piece)
  }

  override _flush(done: (error?: Error) => void): void {
    done(this.fault())
  }

  /** What is wrong with all that was seen, now that nothing more comes; `undefined` when it is what it should be. To be asked once. */
  fault(): ClientError | undefined {
    const { size, digest } = this.#descriptor
    if (this.#size !== size) {
      return mismatch(
        `The blob ${digest} ${this.#where} ended after ${this.#size} of ${size} bytes.`,
      )
    }
    const actual = makeDigest(digestAlgorithm(digest), this.#hash.digest('hex'))
    if (actual === digest) return undefined
    return mismatch(`The blob ${digest} ${this.#where} has other content: it has ${actual}.`)
  }
}

function mismatch(message: string): ClientError {
  return new ClientError('digestMismatch', message, {
    next: 'Try again; if it stays so, the blob is damaged where it comes from.',
  })
}
