import { unlink } from 'node:fs/promises'
import {
  closeDescriptor,
  syncData,
  truncateTo,
  writeBlock,
  writeFully,
  writeSome,
} from './descriptors.ts'
import type { DirectIo, Stretch } from './direct-io.ts'

/**
 * A file that an upload appends to, through the page cache and, for large objects, past it: by a second descriptor,
 * opened when it is first needed. Every method throws system errors.
 */
export class GrowingFile {
  readonly #path: string
  readonly #fd: number
  readonly #directIo: DirectIo
  #directFd: Promise<number | undefined> | undefined

  constructor(path: string, fd: number, directIo: DirectIo) {
    this.#path = path
    this.#fd = fd
    this.#directIo = directIo
  }

  /** See `DirectIo.divide`. */
  divide(start: number, end: number, all: boolean): Stretch[] {
    return this.#directIo.divide(start, end, all)
  }

  /** Writes all of `chunks` through the page cache. */
  async write(chunks: Uint8Array[], position: number): Promise<void> {
    const write = (rest: Uint8Array[], at: number) => writeSome(this.#fd, rest, at)
    await writeFully(write, chunks, position)
  }

  /**
   * Writes all of `chunks` past the page cache if that is possible. Returns whether it was: if not, they need a sync.
   * Empties `chunks` and calls `onCopied` as soon as it has a copy of them, if it makes one.
   */
  async writeDirect(
    chunks: Uint8Array[],
    position: number,
    onCopied: () => void,
  ): Promise<boolean> {
    this.#directFd ??= this.#directIo.open(this.#path)
    const fd = await this.#directFd
    const buffer = fd === undefined ? undefined : this.#directIo.takeBuffer()
    if (fd === undefined || buffer === undefined) {
      await this.write(chunks, position)
      return false
    }
    try {
      const block = fill(buffer, chunks)
      chunks.length = 0
      onCopied()
      const done = await this.#writePast(fd, block, position)
      if (done < block.length) await this.write([block.subarray(done)], position + done)
      return done === block.length
    } finally {
      this.#directIo.giveBack(buffer)
    }
  }

  async truncate(size: number): Promise<void> {
    await truncateTo(this.#fd, size)
  }

  /** Makes everything written durable, whichever way it went. */
  async sync(): Promise<void> {
    await syncData(this.#fd)
  }

  async unlink(): Promise<void> {
    await unlink(this.#path)
  }

  async close(): Promise<void> {
    const directFd = await this.#directFd
    const fds = directFd === undefined ? [this.#fd] : [this.#fd, directFd]
    const results = await Promise.allSettled(fds.map((fd) => closeDescriptor(fd)))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Returns how many bytes a direct write took: none when the filesystem has no such writes. */
  async #writePast(fd: number, block: Buffer, position: number): Promise<number> {
    try {
      return await writeBlock(fd, block, position)
    } catch (error) {
      if (this.#directIo.isUnsupported(error)) return 0
      throw error
    }
  }
}

function fill(buffer: Buffer, chunks: Uint8Array[]): Buffer {
  let length = 0
  for (const chunk of chunks) {
    buffer.set(chunk, length)
    length += chunk.byteLength
  }
  return buffer.subarray(0, length)
}
