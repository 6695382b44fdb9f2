import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ScanLimit, Unreadable } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'

/** Below this many bytes no ratio is looked at: small files of zeros are common. */
const ratioFloor = 16 * 1024 ** 2
const chunkSize = 256 * 1024

type Encoding = 'plain' | 'gzip' | 'zstd'

/**
 * The layer without compression: gzip (eStargz too), zstd with its skippable frames (zstd:chunked), or plain, told by the
 * first bytes, since media types lie. Throws `Unreadable` for broken or other compression and `ScanLimit` beyond
 * `layerBytes` or `ratio`.
 */
export async function* decompress(
  source: AsyncIterable<Buffer>,
  limits: Pick<ScanLimits, 'layerBytes' | 'ratio'>,
): AsyncGenerator<Buffer> {
  const input = new Counted(source)
  const encoding = encodingOf(await input.peek(6))
  let size = 0
  for await (const chunk of inflate(input, encoding)) {
    size += chunk.length
    if (size > limits.layerBytes)
      throw new ScanLimit(`more than ${limits.layerBytes} bytes without compression`)
    if (size > ratioFloor && size > input.bytes * limits.ratio)
      throw new ScanLimit(
        `it grows more than ${limits.ratio} times without compression, as a bomb does`,
      )
    yield chunk
  }
}

async function* inflate(input: Counted, encoding: Encoding): AsyncGenerator<Buffer> {
  if (encoding === 'plain') {
    yield* input.rest()
    return
  }
  const stream =
    encoding === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize })
  const compressed = Readable.from(input.rest(), { objectMode: false })
  compressed.once('error', (error) => stream.destroy(error))
  compressed.pipe(stream)
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    if (!(error instanceof Error) || input.failed) throw error
    throw new Unreadable(`its ${encoding} is broken: ${error.message}`)
  } finally {
    compressed.destroy()
    stream.destroy()
  }
}

/** Counts what is taken from the source, and lets one look at its beginning. */
class Counted {
  bytes = 0
  failed = false
  readonly #iterator: AsyncIterator<Buffer>
  #first: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  async peek(length: number): Promise<Buffer> {
    while (this.#first.length < length) {
      const { done, value } = await this.#next()
      if (done === true) break
      this.#first = Buffer.concat([this.#first, value])
    }
    return this.#first
  }

  async *rest(): AsyncGenerator<Buffer> {
    try {
      if (this.#first.length > 0) yield this.#first
      for (;;) {
        const { done, value } = await this.#next()
        if (done === true) return
        yield value
      }
    } finally {
      await this.#iterator.return?.()
    }
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    try {
      const result = await this.#iterator.next()
      if (result.done !== true) this.bytes += result.value.length
      return result
    } catch (error) {
      this.failed = true
      throw error
    }
  }
}

function encodingOf(first: Buffer): Encoding {
  if (first[0] === 0x1f && first[1] === 0x8b) return 'gzip'
  if (first.length >= 4) {
    const magic = first.readUInt32LE(0)
    // RFC 8878: frames, and skippable ones.
    if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50) return 'zstd'
  }
  if (first.toString('latin1', 0, 3) === 'BZh')
    throw new Unreadable('it is packed with bzip2, which is not read')
  if (first.toString('latin1', 1, 5) === '7zXZ')
    throw new Unreadable('it is packed with xz, which is not read')
  return 'plain'
}
