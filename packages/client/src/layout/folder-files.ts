import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { ClientError } from '../client-error.ts'
import type { LayoutFiles } from './layout-files.ts'
import { isMissing, localFault } from './local-fault.ts'

const pieceBytes = 1024 * 1024

/** The files of a layout in a folder. */
export class FolderFiles implements LayoutFiles {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async read(file: string, maxBytes: number): Promise<Buffer | undefined> {
    const found = await this.#open(file)
    if (found === undefined) return undefined
    if (found.size > maxBytes) {
      await found.handle.close()
      const path = join(this.folder, file)
      throw new ClientError('inputInvalid', `${path} is larger than ${maxBytes} bytes.`)
    }
    return buffer(found.handle.createReadStream({ end: maxBytes - 1 }))
  }

  async open(file: string, start: number, signal?: AbortSignal): Promise<Readable | undefined> {
    const found = await this.#open(file)
    if (found === undefined) return undefined
    const stream = found.handle.createReadStream({ start, highWaterMark: pieceBytes })
    return signal === undefined ? stream : addAbortSignal(signal, stream)
  }

  async size(file: string): Promise<number | undefined> {
    const found = await this.#open(file)
    await found?.handle.close()
    return found?.size
  }

  /** Only regular files: reading a pipe would wait for ever, and a device never ends. */
  async #open(file: string) {
    const path = join(this.folder, file)
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const stats = await handle.stat()
      if (stats.isFile()) return { handle, size: stats.size }
      await handle.close()
    } catch (error) {
      if (isMissing(error)) return undefined
      throw await localFault(error, path)
    }
    throw new ClientError('inputInvalid', `${path} is not a file.`)
  }
}
