import {
  type Catalogue,
  catalogueVersion,
  type LayerCatalogue,
  type LayerFile,
} from '../catalogue.ts'
import { ScanLimit } from '../detector.ts'
import { defaultLimits, type ScanLimits } from '../limits.ts'
import type { CataloguedPackage, NotCovered } from '../package.ts'
import { chooseDistribution } from './distribution.ts'
import { ancestorsOf } from './layer-path.ts'
import { Origins } from './origins.ts'
import { choosePackages } from './packages.ts'
import { RootLinks } from './root-links.ts'

/**
 * What an image holds, from what its layers add and hide, lowest first. A layer hides things of lower layers only.
 * Throws `ScanLimit` beyond `limits.packages`.
 */
export function mergeLayers(
  layers: readonly LayerCatalogue[],
  limits: Pick<ScanLimits, 'packages'> = defaultLimits,
): Catalogue {
  const state = new Map<string, readonly LayerFile[]>()
  const notCovered = new Map<string, NotCovered>()
  const links = new RootLinks()
  const origins = new Origins()
  for (const layer of layers) {
    const hides = hiddenBy(layer, links)
    const gone = take(state, hides).flat()
    take(notCovered, hides)
    links.add(layer.links)
    const added = filesByPlace(layer, links)
    for (const [place, files] of added) {
      gone.push(...(state.get(place) ?? []))
      state.set(place, files)
    }
    origins.apply(layer.diffId, layer.files, gone)
    for (const missing of layer.notCovered)
      notCovered.set(`${links.resolve(missing.path)}\0${missing.reason}`, missing)
  }
  const files = [...state.values()].flat()
  const distribution = chooseDistribution(files)
  const packages = choosePackages(files, links, distribution).map((found) => {
    const layer = origins.of(found)
    return layer === undefined ? found : { ...found, layer }
  })
  if (packages.length > limits.packages)
    throw new ScanLimit(`the image has more than ${limits.packages} packages`)
  return {
    version: catalogueVersion,
    ...(distribution !== undefined && { distribution }),
    packages: packages.sort(byKindAndName),
    notCovered: [...notCovered.values()],
  }
}

/** Whether a layer hides a place of the layers below it. Forgets the links that it hides. */
function hiddenBy(layer: LayerCatalogue, links: RootLinks): (place: string) => boolean {
  const whiteouts = new Set(layer.whiteouts.map((path) => links.resolve(path)))
  const opaque = new Set(layer.opaqueDirectories.map((path) => links.resolve(path)))
  links.hide(whiteouts)
  return (place) => {
    if (whiteouts.has(place)) return true
    for (const folder of ancestorsOf(place))
      if (whiteouts.has(folder) || opaque.has(folder)) return true
    return false
  }
}

function filesByPlace(layer: LayerCatalogue, links: RootLinks): Map<string, LayerFile[]> {
  const places = new Map<string, LayerFile[]>()
  for (const file of layer.files) {
    const place = links.resolve(file.path)
    const files = places.get(place)
    if (files === undefined) places.set(place, [file])
    else files.push(file)
  }
  return places
}

/** Removes the hidden entries, and returns them. Keys are places; what follows a NUL in them does not count. */
function take<T>(entries: Map<string, T>, isHidden: (place: string) => boolean): T[] {
  const taken: T[] = []
  for (const [key, value] of entries) {
    const place = key.split('\0', 1)[0] ?? ''
    if (!isHidden(place)) continue
    entries.delete(key)
    taken.push(value)
  }
  return taken
}

function byKindAndName(a: CataloguedPackage, b: CataloguedPackage): number {
  return (
    compareTexts(a.kind, b.kind) ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.version, b.version) ||
    compareTexts(a.path, b.path)
  )
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
