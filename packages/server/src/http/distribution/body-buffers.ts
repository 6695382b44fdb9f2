/**
 * The buffers that blob bytes pass through on their way out, shared by all downloads of the process.
 *
 * Few downloads get large buffers, which is what makes them fast; many get small ones, so that memory follows the
 * budget and not the number of clients. A buffer is taken for one chunk and given back after it, so a
 * download that started alone shrinks as others join.
 */
export class BodyBuffers {
  readonly #budget: number
  /** Free buffers by size class, the largest class first. */
  readonly #free: Buffer[][] = classes.map(() => [])
  #freeBytes = 0
  #usedBytes = 0
  #streams = 0

  /** `budget` in bytes: what all buffers together keep to, until every download is at the smallest size. */
  constructor(budget = 64 * 1024 * 1024) {
    this.#budget = budget
  }

  /** Bytes in buffers that are in use, and in those kept for the next download. */
  get usage(): { used: number; free: number } {
    return { used: this.#usedBytes, free: this.#freeBytes }
  }

  /** Counts a download in. Every `join` needs its `leave`. */
  join(): void {
    this.#streams += 1
  }

  /** Counts a download out; after the last one most of the memory is let go. */
  leave(): void {
    this.#streams -= 1
    if (this.#streams > 0) return
    for (const [index, free] of this.#free.entries()) {
      while (this.#freeBytes > this.#budget / 4 && free.pop() !== undefined) {
        this.#freeBytes -= sizeOf(index)
      }
    }
  }

  /** A buffer for the next chunk, no larger than it pays for `wanted` bytes. Its content is whatever it was. */
  take(wanted: number): Buffer {
    // A download holds two: one being sent, one being filled.
    const share = this.#budget / (2 * Math.max(1, this.#streams))
    let index = 0
    while (index < classes.length - 1 && (sizeOf(index) > share || sizeOf(index + 1) >= wanted)) {
      index += 1
    }
    const size = sizeOf(index)
    this.#usedBytes += size
    const free = this.#free[index]?.pop()
    if (free === undefined) return Buffer.allocUnsafeSlow(size)
    this.#freeBytes -= size
    return free
  }

  /** Gives a buffer back for others to fill: nothing may read or write it any more. */
  give(buffer: Buffer): void {
    this.drop(buffer)
    if (this.#usedBytes + this.#freeBytes + buffer.length > this.#budget) return
    this.#free[classes.indexOf(buffer.length)]?.push(buffer)
    this.#freeBytes += buffer.length
  }

  /** Counts a buffer out that something may still touch, such as a write of a connection that died. It is not used again. */
  drop(buffer: Buffer): void {
    this.#usedBytes -= buffer.length
  }
}

const kibibyte = 1024
const classes = [1024, 512, 256, 128, 64, 32, 16].map((size) => size * kibibyte)

function sizeOf(index: number): number {
  return classes[index] ?? 16 * kibibyte
}
