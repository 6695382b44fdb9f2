import type { Readable } from 'node:stream'
import { type Digest, isDigest } from '@berth/oci/digest.ts'
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

  async *listBlobs(): AsyncIterable<Digest> {
    for (const name of this.#tar.names()) {
      const [, algorithm, encoded] = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(name) ?? []
      const digest = `${algorithm}:${encoded}`
      if (isDigest(digest)) yield digest
    }
  }
}
