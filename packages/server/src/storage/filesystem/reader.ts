import type { ObjectReader } from '../driver.ts'
import { storageFailure } from '../storage-failure.ts'
import { readFully } from './descriptors.ts'
import type { OpenFile, OpenFiles } from './open-files.ts'

/** Reads a file that `OpenFiles` holds open. */
export class FilesystemReader implements ObjectReader {
  readonly #file: OpenFile
  readonly #files: OpenFiles
  #released = false

  constructor(file: OpenFile, files: OpenFiles) {
    this.#file = file
    this.#files = files
  }

  get size(): number {
    return this.#file.size
  }

  async read(into: Buffer, position: number): Promise<number> {
    if (this.#released) throw new Error('the reader was released')
    const room = this.#file.size - position
    if (room <= 0) return 0
    // Held by the read itself: a release meanwhile must not let the descriptor become another file's.
    this.#files.hold(this.#file)
    try {
      return await readFully(
        this.#file.fd,
        into.length > room ? into.subarray(0, room) : into,
        position,
      )
    } catch (error) {
      throw storageFailure('read', error)
    } finally {
      this.#files.release(this.#file)
    }
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#files.release(this.#file)
  }
}
