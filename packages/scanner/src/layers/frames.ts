import type { Readable, Writable } from 'node:stream'

/**
 * Several layers pass through one pipe, one after the other: each as frames of a length (32 bits, little endian) and that
 * many bytes, and a frame of length 0 at its end.
 */
const lengthBytes = 4
const longestFrame = 0x7fffffff

/** Writes one frame. Resolves when the pipe takes more. */
export function writeFrame(pipe: Writable, content: Buffer): Promise<void> | undefined {
  const length = Buffer.allocUnsafe(lengthBytes)
  length.writeUInt32LE(content.length)
  pipe.cork()
  pipe.write(length)
  const isFree = content.length === 0 || pipe.write(content)
  pipe.uncork()
  if (isFree) return undefined
  return new Promise((resolve) => {
    const done = () => {
      pipe.off('drain', done)
      pipe.off('close', done)
      resolve()
    }
    pipe.on('drain', done)
    pipe.on('close', done)
  })
}

/** Takes frames out of a pipe. */
export class FrameReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  /** Of the frame that is being read. */
  #left = 0
  #isAtEnd = true

  constructor(pipe: Readable) {
    this.#chunks = pipe[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** The content up to the next frame of length 0. Throws when the pipe ends before it. */
  async *content(): AsyncGenerator<Buffer> {
    this.#isAtEnd = false
    for (;;) {
      while (this.#left > 0) {
        if (this.#rest.length === 0) this.#rest = await this.#next()
        const part = this.#rest.subarray(0, this.#left)
        this.#rest = this.#rest.subarray(part.length)
        this.#left -= part.length
        yield part
      }
      while (this.#rest.length < lengthBytes)
        this.#rest = Buffer.concat([this.#rest, await this.#next()])
      this.#left = this.#rest.readUInt32LE(0)
      if (this.#left > longestFrame) throw new Error(`a frame of ${this.#left} bytes`)
      this.#rest = this.#rest.subarray(lengthBytes)
      if (this.#left === 0) {
        this.#isAtEnd = true
        return
      }
    }
  }

  /** Passes over what was not read of the content, which would be taken for the beginning of the next. */
  async skipRest(): Promise<void> {
    if (this.#isAtEnd) return
    for await (const part of this.content()) void part
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next()
    if (done === true) throw new Error('the layer stopped before its end')
    return value
  }
}
