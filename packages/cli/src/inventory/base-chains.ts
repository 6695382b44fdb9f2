import type { Digest } from '@berth/oci/digest.ts'

/** One place in the tree of layers: all images whose lowest layers are the same up to here. */
export type ChainNode = {
  readonly parent: number
  /** Layers from the bottom up to here. */
  readonly depth: number
  /** Images that begin with this chain. */
  readonly count: number
  /** Images that have no layer above this one, as places in the list that was given. */
  readonly ends: readonly number[]
  readonly children: readonly number[]
}

export type ChainTree = {
  /** The first one is the root, which stands for no layer at all. A child comes after its parent. */
  readonly nodes: readonly ChainNode[]
  /** The node at which each image ends, in the order that was given. */
  readonly endOf: readonly number[]
}

type Growing = {
  -readonly [Key in keyof ChainNode]: ChainNode[Key]
}

/** Most nodes have neither ends nor more than one child, so they share this until they need one of their own. */
const none: readonly number[] = []

/** Puts the images into a tree by their layers, lowest first. One step for each layer of each image. */
export function buildChainTree(
  images: readonly { readonly diffIds: readonly Digest[] }[],
): ChainTree {
  const root: Growing = { parent: -1, depth: 0, count: 0, ends: none, children: none }
  const nodes = [root]
  const numberOf = new Map<Digest, number>()
  // A node is found by its parent and the number of its layer in one key.
  const nodeOf = new Map<number, number>()
  const endOf: number[] = []
  const layersMax = images.reduce((sum, { diffIds }) => sum + diffIds.length, 1)
  for (const [image, { diffIds }] of images.entries()) {
    let at = 0
    let node = root
    node.count += 1
    for (const diffId of diffIds) {
      let layer = numberOf.get(diffId)
      if (layer === undefined) {
        layer = numberOf.size
        numberOf.set(diffId, layer)
      }
      const key = at * layersMax + layer
      const known = nodeOf.get(key)
      const next = known ?? nodes.length
      if (known === undefined) {
        nodeOf.set(key, next)
        node.children = grown(node.children, next)
        nodes.push({ parent: at, depth: node.depth + 1, count: 0, ends: none, children: none })
      }
      at = next
      node = nodes[at] ?? root
      node.count += 1
    }
    node.ends = grown(node.ends, image)
    endOf.push(at)
  }
  return { nodes, endOf }
}

/** Whether images part ways here: what a person sees as one base with several images on it. */
export function isFork({ count, ends, children, depth }: ChainNode): boolean {
  return depth > 0 && count >= 2 && (children.length !== 1 || ends.length > 0)
}

/** The node itself and those below it, down to the root, without the root. */
export function* chainDown(tree: ChainTree, from: number): Generator<number, void> {
  for (let at = from; at > 0; at = tree.nodes[at]?.parent ?? 0) yield at
}

function grown(list: readonly number[], item: number): readonly number[] {
  if (list === none)
    return [item]
    // It is this tree's own, and nobody has seen it yet.
  ;(list as number[]).push(item)
  return list
}
