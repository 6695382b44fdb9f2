import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { Digest } from '@berth/oci/digest.ts'
import { catalogueVersion, type LayerCatalogue } from '@berth/scanner/catalogue.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
const bytesMax = 1024 ** 3

/**
 * What was found in layers before, by their digest, which cannot lie. A cache of the user's own: it may be removed at
 * any time, and what cannot be read is read anew from the layer.
 */
export class LayerCache {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(digest: Digest): Promise<LayerCatalogue | undefined> {
    try {
      const bytes = await decompress(await readFile(this.#file(digest)), {
        maxOutputLength: bytesMax,
      })
      const catalogue = JSON.parse(bytes.toString()) as LayerCatalogue
      return catalogue.version === catalogueVersion ? catalogue : undefined
    } catch {
      return undefined
    }
  }

  /** A full disk costs time at the next scan, and nothing else. */
  async write(digest: Digest, catalogue: LayerCatalogue): Promise<void> {
    const file = this.#file(digest)
    const made = `${file}.${randomUUID()}`
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      await writeFile(made, await compress(JSON.stringify(catalogue)), { mode: 0o600 })
      await rename(made, file)
    } catch {
      await rm(made, { force: true })
    }
  }

  #file(digest: Digest): string {
    return join(this.#folder, `${digest.replace(':', '-')}.json.zst`)
  }
}
