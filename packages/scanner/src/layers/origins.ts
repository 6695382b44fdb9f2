import type { LayerFile } from '../catalogue.ts'
import type { CataloguedPackage } from '../package.ts'

type Identity = Omit<CataloguedPackage, 'layer'>

/**
 * Which layer each package came with: the last one in which it appears after not being there. A database that a later
 * layer writes again keeps the packages of the base layer with the base layer.
 */
export class Origins {
  readonly #origins = new Map<string, string>()
  readonly #places = new Map<string, number>()

  /** One more layer: the files it adds and those it took from the layers below. */
  apply(layer: string, added: readonly LayerFile[], gone: readonly LayerFile[]): void {
    for (const { packages } of added) {
      for (const found of packages) {
        const key = keyOf(found)
        this.#places.set(key, (this.#places.get(key) ?? 0) + 1)
        if (!this.#origins.has(key)) this.#origins.set(key, layer)
      }
    }
    for (const { packages } of gone) {
      for (const found of packages) {
        const key = keyOf(found)
        const places = (this.#places.get(key) ?? 0) - 1
        if (places > 0) this.#places.set(key, places)
        else {
          this.#places.delete(key)
          this.#origins.delete(key)
        }
      }
    }
  }

  /** The layer's diffID; `undefined` when it is not known. */
  of(found: Identity): string | undefined {
    return this.#origins.get(keyOf(found)) || undefined
  }
}

/** A distribution's package is the same one wherever its database lies; others are where they lie. */
function keyOf({ kind, name, version, architecture, path }: Identity): string {
  const place = kind === 'deb' || kind === 'apk' || kind === 'rpm' ? (architecture ?? '') : path
  return [kind, name, version, place].join('\0')
}
