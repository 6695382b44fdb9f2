import type { LayerCatalogue } from '@berth/scanner/catalogue.ts'
import type { LayerScanner, LayerToRead } from '@berth/scanner/layers/layer-scanner.ts'
import type { ScanLimits } from '@berth/scanner/limits.ts'

/** Reads layers as the `LayerScanner` does, which is loaded with the first: the server starts faster without. */
export class LayerReader {
  readonly #limits: Partial<ScanLimits>
  #scanner: Promise<LayerScanner> | undefined

  constructor(limits: Partial<ScanLimits>) {
    this.#limits = limits
  }

  async catalogueLayer(layer: LayerToRead): Promise<LayerCatalogue> {
    this.#scanner ??= this.#open()
    return (await this.#scanner).catalogueLayer(layer)
  }

  async listFiles(
    layer: Parameters<LayerScanner['listFiles']>[0],
  ): ReturnType<LayerScanner['listFiles']> {
    this.#scanner ??= this.#open()
    return (await this.#scanner).listFiles(layer)
  }

  async close(): Promise<void> {
    await (await this.#scanner)?.close()
  }

  async #open(): Promise<LayerScanner> {
    const { LayerScanner } = await import('@berth/scanner/layers/layer-scanner.ts')
    return new LayerScanner({ limits: this.#limits })
  }
}
