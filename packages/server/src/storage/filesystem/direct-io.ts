import { constants } from 'node:fs'
import { errorCode } from '../storage-failure.ts'
import { openDescriptor } from './descriptors.ts'

/** Which bytes of an object bypass the page cache. All in bytes. */
export type DirectLayout = {
  /** So many at the start of every object never do; a multiple of `unit`, or `Infinity` for no direct writes at all. */
  from: number
  /** Direct writes begin and end at its multiples, so that no page is written both ways. */
  unit: number
  /** The most that one direct write holds; a multiple of `unit`. */
  largest: number
}

/** A stretch of an object that one write covers. */
export type Stretch = { bytes: number; direct: boolean }

// What a filesystem answers that has no direct writes, or wants them aligned otherwise.
const unsupportedCodes = new Set(['EINVAL', 'EOPNOTSUPP', 'ENOTSUP'])

/**
 * What the writers of one store share for writing past the page cache (O_DIRECT): the layout, the aligned
 * buffers, and whether the filesystem takes such writes at all.
 */
export class DirectIo {
  readonly #layout: DirectLayout
  readonly #bufferCount: number
  #buffers: Buffer[] | undefined
  #supported: boolean

  constructor(layout: DirectLayout, bufferCount: number) {
    this.#layout = layout
    this.#bufferCount = bufferCount
    this.#supported = process.platform === 'linux' && Number.isFinite(layout.from)
  }

  /**
   * Divides the bytes from `start` to `end` of an object into writes. When not `all` of them must go, the last ones
   * may be left over, fewer than a whole direct write, to go directly with those that follow.
   */
  divide(start: number, end: number, all: boolean): Stretch[] {
    if (!this.#supported) return [{ bytes: end - start, direct: false }]
    const { from, unit, largest } = this.#layout
    const border = Math.min(end, Math.max(from, Math.ceil(start / unit) * unit))
    const stretches: Stretch[] = []
    if (border > start) stretches.push({ bytes: border - start, direct: false })
    const leastMore = all ? unit : largest
    let at = border
    while (end - at >= (at === border ? unit : leastMore)) {
      const bytes = Math.min(largest, Math.floor((end - at) / unit) * unit)
      stretches.push({ bytes, direct: true })
      at += bytes
    }
    if (at < end && (all || at === start)) stretches.push({ bytes: end - at, direct: false })
    return stretches
  }

  /** A descriptor for direct writes to a file; `undefined` when it must do without. */
  async open(path: string): Promise<number | undefined> {
    if (!this.#supported) return undefined
    const { O_WRONLY, O_DIRECT, O_NOFOLLOW } = constants
    try {
      return await openDescriptor(path, O_WRONLY | O_DIRECT | O_NOFOLLOW)
    } catch (error) {
      // Out of descriptors, or removed meanwhile: this file alone does without.
      this.isUnsupported(error)
      return undefined
    }
  }

  /** Whether `error` says that the filesystem takes no direct writes; if so, none is tried again. */
  isUnsupported(error: unknown): boolean {
    const code = errorCode(error)
    if (code === undefined || !unsupportedCodes.has(code)) return false
    this.#supported = false
    return true
  }

  /** An aligned buffer for one direct write, to be given back; `undefined` when all are in use. */
  takeBuffer(): Buffer | undefined {
    this.#buffers ??= this.#makeBuffers()
    return this.#buffers.pop()
  }

  giveBack(buffer: Buffer): void {
    this.#buffers?.push(buffer)
  }

  #makeBuffers(): Buffer[] {
    const { largest } = this.#layout
    const size = this.#bufferCount * largest
    // A resizable buffer begins at a page border, which direct writes need and no other buffer promises. If one
    // did not, the first write would say EINVAL and all would go through the page cache.
    const memory = new ArrayBuffer(size, { maxByteLength: size })
    return Array.from({ length: this.#bufferCount }, (_, index) =>
      Buffer.from(memory, index * largest, largest),
    )
  }
}
