import { tmpdir } from 'node:os'
import type { Readable } from 'node:stream'
import type { LayerCatalogue } from '../catalogue.ts'
import { defaultLimits, type ScanLimits } from '../limits.ts'
import { uncoveredLayer } from './read-layer.ts'
import { LayerListing } from './layer-listing.ts'
import { type LayerAnswer, type LayerRequest, removeStaleFolders, ScanChild } from './scan-child.ts'

export type LayerToRead = {
  /** As stored, with its compression; absent for a layer whose content is somewhere else (a foreign one). */
  readonly stream?: Readable | undefined
  readonly mediaType: string
  /** For messages and `notCovered`: `layer sha256:…`. */
  readonly name: string
  readonly signal?: AbortSignal
  /** Bytes taken from the stream so far. */
  readonly onProgress?: (bytes: number) => void
}

const idleMs = 60_000

/**
 * Reads layers in child processes, as many as are asked for at the same time; one is kept for the next layers. Whatever
 * a layer holds, this process stays as it is.
 */
export class LayerScanner {
  readonly #limits: ScanLimits
  readonly #temporaryFolder: string
  readonly #busy = new Set<ScanChild>()
  #idle: ScanChild | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #swept: Promise<void> | undefined
  #isClosed = false

  constructor(
    options: {
      readonly limits?: Partial<ScanLimits>
      /** Where private folders for large files are made; the system's by default. */
      readonly temporaryFolder?: string
    } = {},
  ) {
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#temporaryFolder = options.temporaryFolder ?? tmpdir()
  }

  /**
   * What one layer holds. A hostile or broken layer is no error: what was found before stands in the catalogue, and
   * `notCovered` says why the rest does not. The stream is read to its end or destroyed. Throws the stream's own error,
   * the signal's reason, `ScanLimit` beyond `timeMs` or `memoryMiB`, and `ScanFailed` when the child process dies.
   */
  async catalogueLayer({ stream, mediaType, name, ...rest }: LayerToRead): Promise<LayerCatalogue> {
    if (stream === undefined)
      return uncoveredLayer(name, `The content of the layer is not stored here (${mediaType}).`)
    if (mediaType.endsWith('+encrypted')) {
      stream.destroy()
      return uncoveredLayer(name, 'The layer is encrypted.')
    }
    const answer = await this.#read({ purpose: 'catalogue', stream, mediaType, name, ...rest })
    if (answer.kind !== 'layer') throw new Error(`${name} was answered with ${answer.kind}`)
    return answer.layer
  }

  /**
   * The files of one layer, or why they cannot be listed: it is broken, encrypted, or goes beyond a limit. The stream is
   * read to its end or destroyed. Throws as `catalogueLayer`.
   */
  async listFiles({
    stream,
    mediaType,
    name,
    ...rest
  }: LayerToRead & { readonly stream: Readable }): Promise<
    LayerListing | { readonly reason: string }
  > {
    if (mediaType.endsWith('+encrypted')) {
      stream.destroy()
      return { reason: 'The layer is encrypted.' }
    }
    const listing = new LayerListing()
    const answer = await this.#read({
      purpose: 'files',
      stream,
      mediaType,
      name,
      ...rest,
      onDirectories: (directories) => listing.add(directories),
    })
    if (answer.kind === 'unlisted') return { reason: answer.reason }
    if (answer.kind !== 'files') throw new Error(`${name} was answered with ${answer.kind}`)
    listing.totals = answer.totals
    return listing
  }

  async #read(request: LayerRequest): Promise<LayerAnswer> {
    const child = await this.#takeChild()
    this.#busy.add(child)
    try {
      return await child.readLayer(request)
    } finally {
      this.#busy.delete(child)
      if (child.isAlive && this.#idle === undefined && !this.#isClosed) this.#keep(child)
      else await child.end()
    }
  }

  /** Ends the child processes; layers that are being read fail. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#idleTimer)
    const children = [...this.#busy, ...(this.#idle === undefined ? [] : [this.#idle])]
    this.#idle = undefined
    await Promise.all(children.map((child) => child.end()))
  }

  /** For the next layer, and not for longer than a while: it takes memory. */
  #keep(child: ScanChild): void {
    this.#idle = child
    this.#idleTimer = setTimeout(() => {
      if (this.#idle !== child) return
      this.#idle = undefined
      void child.end()
    }, idleMs).unref()
  }

  async #takeChild(): Promise<ScanChild> {
    if (this.#isClosed) throw new Error('the layer scanner is closed')
    clearTimeout(this.#idleTimer)
    const idle = this.#idle
    this.#idle = undefined
    if (idle?.isAlive === true) return idle
    this.#swept ??= removeStaleFolders(this.#temporaryFolder)
    await this.#swept
    return ScanChild.start(this.#limits, this.#temporaryFolder)
  }
}
