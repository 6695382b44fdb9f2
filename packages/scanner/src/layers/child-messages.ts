import type { LayerCatalogue } from '../catalogue.ts'
import type { LayerDirectory, LayerTotals } from './layer-listing.ts'

/** To the child: read the layer that comes through standard input next, for its packages or for the list of its files. */
export type ChildRequest = {
  readonly purpose: 'catalogue' | 'files'
  readonly mediaType: string
  readonly name: string
}

/** From the child. `ready` comes once, when its code is loaded. */
export type ChildAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'layer'; readonly layer: LayerCatalogue }
  /** Some directories of the list; more follow, and `files` at the end. */
  | { readonly kind: 'directories'; readonly directories: readonly LayerDirectory[] }
  | { readonly kind: 'files'; readonly totals: LayerTotals }
  /** Why its files cannot be listed: it is broken, or goes beyond a limit. */
  | { readonly kind: 'unlisted'; readonly reason: string }
  | { readonly kind: 'failure'; readonly message: string }
