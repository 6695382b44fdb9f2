import type { ChainTree } from './base-chains.ts'
import type { InventoryImage } from './images.ts'

/** Finds, among the images of a registry, those that others are built on. */
export class LocalBases {
  readonly #tree: ChainTree
  readonly #images: readonly InventoryImage[]
  readonly #byDigest = new Map<string, number[]>()
  /** For each node one of the images that end there, for each repository that has one. */
  readonly #endsBy = new Map<number, Map<string, InventoryImage>>()

  constructor(images: readonly InventoryImage[], tree: ChainTree) {
    this.#images = images
    this.#tree = tree
    for (const [at, image] of images.entries()) {
      for (const digest of image.digests) {
        const known = this.#byDigest.get(digest)
        if (known === undefined) this.#byDigest.set(digest, [at])
        else known.push(at)
      }
      if (image.diffIds.length === 0) continue
      const end = tree.endOf[at] ?? 0
      const ends = this.#endsBy.get(end) ?? new Map<string, InventoryImage>()
      const repository = image.places[0]?.repository ?? ''
      if (!ends.has(repository)) ends.set(repository, image)
      this.#endsBy.set(end, ends)
    }
  }

  /**
   * The image that this one stands on: the one that its annotation names by digest, else the nearest one of another
   * repository. `chain` are the nodes of its layers, the highest first.
   */
  below(
    image: InventoryImage,
    chain: readonly number[],
    baseDigest: string | undefined,
  ): { readonly image: InventoryImage; readonly depth: number } | undefined {
    const nodes = new Set(chain)
    for (const at of this.#byDigest.get(baseDigest ?? '') ?? []) {
      const base = this.#images[at]
      const end = this.#tree.endOf[at] ?? 0
      if (base !== undefined && base !== image && nodes.has(end)) {
        return { image: base, depth: base.diffIds.length }
      }
    }
    // The annotation names something that is not here: whatever else is below would be another base.
    if (baseDigest !== undefined) return undefined
    const own = new Set<string>(image.places.map(({ repository }) => repository))
    for (const node of chain.slice(1)) {
      for (const [repository, base] of this.#endsBy.get(node) ?? []) {
        if (!own.has(repository)) return { image: base, depth: base.diffIds.length }
      }
    }
    return undefined
  }

  /** Images that end at this node: those that consist of exactly its layers. */
  endingAt(node: number): readonly InventoryImage[] {
    return (this.#tree.nodes[node]?.ends ?? []).flatMap((at) => this.#images[at] ?? [])
  }
}
