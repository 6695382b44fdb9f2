import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'

const blockBytes = 64 * 1024 ** 2
const stampBytes = 4096
const pieceBytes = 1024 ** 2
const sharedBlock = randomBytes(blockBytes)

/**
 * A blob too large to keep: one random block over and over, each time stamped with the blob's seed and the block's number,
 * so that no two blobs are alike. The bytes are never copied: what is sent are views of the one block.
 */
export class GeneratedBlob {
  readonly size: number
  readonly digest: string
  readonly #seed = randomBytes(16).toString('hex')

  constructor(size: number) {
    this.size = size
    const hash = createHash('sha256')
    for (const piece of this.#pieces()) hash.update(piece)
    this.digest = `sha256:${hash.digest('hex')}`
  }

  stream(): Readable {
    return Readable.from(this.#pieces(), { objectMode: true, highWaterMark: 2 })
  }

  *#pieces(): Generator<Buffer> {
    for (let start = 0; start < this.size; start += blockBytes) {
      yield Buffer.alloc(stampBytes, `${this.#seed} ${start} `)
      const end = Math.min(blockBytes, this.size - start)
      for (let from = stampBytes; from < end; from += pieceBytes) {
        yield sharedBlock.subarray(from, Math.min(from + pieceBytes, end))
      }
    }
  }
}
