import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ScannedFile, ScanLimit } from '../detector.ts'

const headLength = 4096
/** Up to this size a file waits in memory, beyond it in a temporary file. */
const memoryLength = 4 * 1024 ** 2

export type SpoolFile = {
  readonly path: string
  readonly size: number
  readonly isExecutable: boolean
}

/**
 * Takes the bytes of one file as they stream by. With `keeps` it is asked once what the first bytes are, and when they
 * are of no use the rest is passed over.
 */
export class Spool {
  readonly #file: SpoolFile
  readonly #folder: string
  readonly #keeps: (head: Buffer) => boolean
  readonly #memory: Buffer | undefined
  readonly #head: Buffer
  #filled = 0
  #isDropped = false
  #disk: { readonly path: string; readonly handle: FileHandle } | undefined
  #diskPath: string | undefined

  constructor(file: SpoolFile, folder: string, keeps: (head: Buffer) => boolean) {
    this.#file = file
    this.#folder = folder
    this.#keeps = keeps
    this.#memory = file.size <= memoryLength ? Buffer.allocUnsafe(file.size) : undefined
    this.#head = this.#memory?.subarray(0, headLength) ?? Buffer.allocUnsafe(headLength)
  }

  /** Nobody wanted what it begins with. */
  get isDropped(): boolean {
    return this.#isDropped
  }

  write(part: Buffer): Promise<void> | undefined {
    if (this.#isDropped) return undefined
    const before = this.#filled
    if (this.#memory !== undefined) part.copy(this.#memory, before)
    else if (before < headLength) part.copy(this.#head, before)
    this.#filled += part.length
    const enough = Math.min(headLength, this.#file.size)
    if (before < enough && this.#filled >= enough && !this.#keeps(this.#head.subarray(0, enough))) {
      this.#isDropped = true
      return this.remove()
    }
    return this.#memory === undefined ? this.#writeToDisk(part, before) : undefined
  }

  async #writeToDisk(part: Buffer, before: number): Promise<void> {
    if (this.#disk === undefined) {
      const path = join(this.#folder, randomUUID())
      this.#disk = { path, handle: await open(path, 'wx', 0o600) }
    }
    await this.#disk.handle.write(part, 0, part.length, before)
  }

  /** To be called when everything is written. */
  async finish(): Promise<ScannedFile> {
    if (this.#disk !== undefined) {
      this.#diskPath = this.#disk.path
      await this.#disk.handle.close()
      this.#disk = undefined
    }
    return {
      ...this.#file,
      head: this.#head.subarray(0, Math.min(headLength, this.#file.size)),
      read: async (maxBytes) => {
        checkSize(this.#file, maxBytes)
        return this.#memory ?? readFile(this.#diskPath ?? '')
      },
      onDisk: async (maxBytes) => {
        checkSize(this.#file, maxBytes)
        if (this.#diskPath === undefined) {
          const path = join(this.#folder, randomUUID())
          await writeFile(path, this.#memory ?? Buffer.alloc(0), { flag: 'wx', mode: 0o600 })
          this.#diskPath = path
        }
        return this.#diskPath
      },
    }
  }

  async remove(): Promise<void> {
    await this.#disk?.handle.close()
    const path = this.#disk?.path ?? this.#diskPath
    this.#disk = undefined
    this.#diskPath = undefined
    if (path !== undefined) await rm(path, { force: true })
  }
}

/** Throws `ScanLimit` when the file is larger than `maxBytes`. */
export function checkSize(file: { readonly size: number }, maxBytes: number): void {
  if (file.size > maxBytes)
    throw new ScanLimit(`it has ${file.size} bytes; at most ${maxBytes} are read`)
}
