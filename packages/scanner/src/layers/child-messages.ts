import type { LayerCatalogue } from '../catalogue.ts'

/** To the child: read the layer that comes through standard input next. */
export type ChildRequest = { readonly mediaType: string; readonly name: string }

/** From the child. `ready` comes once, when its code is loaded. */
export type ChildAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'layer'; readonly layer: LayerCatalogue }
  | { readonly kind: 'failure'; readonly message: string }
