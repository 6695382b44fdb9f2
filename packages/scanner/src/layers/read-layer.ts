import { createHash } from 'node:crypto'
import { catalogueVersion, type LayerCatalogue } from '../catalogue.ts'
import { type Detector, ScanLimit, Unreadable } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'
import { decompress } from './decompress.ts'
import { LayerFacts } from './layer-facts.ts'
import { TarWalk } from './tar-walk.ts'

export type LayerSource = {
  /** As stored, with its compression. */
  readonly content: AsyncIterable<Buffer>
  readonly mediaType: string
  /** For messages: `layer sha256:…`. */
  readonly name: string
}

export type ReadOptions = {
  readonly detectors: readonly Detector[]
  readonly limits: ScanLimits
  /** Private to this reading; files in it are removed as soon as they are read. */
  readonly temporaryFolder: string
}

/**
 * Reads one layer once, as a stream. What is hostile or broken in it ends the reading and becomes `notCovered`, together
 * with what was found before; only an error of the source itself is thrown.
 */
export async function readLayer(
  { content, mediaType, name }: LayerSource,
  { detectors, limits, temporaryFolder }: ReadOptions,
): Promise<LayerCatalogue> {
  const facts = new LayerFacts({ name, detectors, limits, temporaryFolder })
  if (mediaType.endsWith('+encrypted')) {
    facts.notCovered(name, 'The layer is encrypted.')
    return facts.catalogue({ diffId: '', size: 0 })
  }
  const walk = new TarWalk((entry) => facts.take(entry), limits.entries)
  const hash = createHash('sha256')
  let size = 0
  let isWalking = true
  try {
    for await (const chunk of decompress(content, limits)) {
      hash.update(chunk)
      size += chunk.length
      // The digest of a layer that is no tar is still worth knowing.
      if (isWalking) isWalking = await keepsGoing(() => walk.write(chunk), facts, name)
    }
    if (isWalking) await keepsGoing(() => walk.end(), facts, name)
    return facts.catalogue({ diffId: `sha256:${hash.digest('hex')}`, size })
  } catch (error) {
    if (!(error instanceof ScanLimit || error instanceof Unreadable)) throw error
    facts.notCovered(name, `The layer was not read to its end: ${error.message}.`)
    return facts.catalogue({ diffId: '', size })
  } finally {
    await facts.dispose()
  }
}

/** False after something that is no tar; what was found before stands. */
async function keepsGoing(
  step: () => Promise<void> | void,
  facts: LayerFacts,
  name: string,
): Promise<boolean> {
  try {
    await step()
    return true
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    facts.notCovered(name, `The layer was not read to its end: ${error.message}.`)
    return false
  }
}

/** The catalogue of a layer that is not there to be read, such as a foreign one. */
export function uncoveredLayer(name: string, reason: string): LayerCatalogue {
  return {
    version: catalogueVersion,
    diffId: '',
    size: 0,
    files: [],
    whiteouts: [],
    opaqueDirectories: [],
    links: {},
    notCovered: [{ path: name, reason }],
  }
}
