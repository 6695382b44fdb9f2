import type { Readable } from 'node:stream'
import type { LayoutFiles } from '../layout/layout-files.ts'
import type { TarIndex } from './tar-index.ts'

/** The files of a layout in a tar archive. */
export class ArchiveFiles implements LayoutFiles {
  readonly #tar: TarIndex

  constructor(tar: TarIndex) {
    this.#tar = tar
  }

  read(file: string, maxBytes: number): Promise<Buffer | undefined> {
    return this.#tar.read(file, maxBytes)
  }

  async open(file: string, start: number, signal?: AbortSignal): Promise<Readable | undefined> {
    const entry = this.#tar.find(file)
    return entry && this.#tar.stream(entry, start, signal)
  }

  async size(file: string): Promise<number | undefined> {
    return this.#tar.find(file)?.size
  }
}
