import { type ChainTree, chainDown, isFork } from './base-chains.ts'
import { agreeOnHints } from './chain-agreement.ts'
import type { ContentGraph } from './content-graph.ts'
import { type InventoryImage, imageName } from './images.ts'

/** Where the name of a family comes from, the surest first. */
export type NameSource = 'annotation' | 'image' | 'labels' | 'environment' | 'history' | 'platform'

/** Images with the same lowest layers. */
export type Family = {
  readonly name: string
  readonly nameFrom: NameSource
  /** Layers between the base that gave the name and the last one that all of these images share; 0: the base itself. */
  readonly distance: number
  /** Layers that all of them share, from the bottom. */
  readonly layers: number
  readonly images: number
  readonly repositories: number
  readonly platforms: readonly string[]
  /** Bytes of the shared layers, as the first of the images stores them. */
  readonly chainBytes: number
  /** Bytes of these images and all their blobs, each once. */
  readonly totalBytes: number
  /** Some of the images, by name. */
  readonly examples: readonly string[]
  /** Those among them that share more, the largest first. */
  readonly families: readonly Family[]
}

type Name = { readonly text: string; readonly from: NameSource; readonly depth: number }

const nestingMax = 8
const examplesMax = 5

/** The families of all images, the largest first: one wherever in the tree of layers two or more images part ways. */
export function listFamilies(
  graph: ContentGraph,
  images: readonly InventoryImage[],
  tree: ChainTree,
): readonly Family[] {
  const nameAt = familyNames(images, tree)
  const seen = new Int32Array(graph.blobs.length).fill(-1)

  function familiesOn(from: number, inherited: Name | undefined, level: number): readonly Family[] {
    if (level > nestingMax) return []
    return nextForks(tree, from)
      .map((at) => familyAt(at, inherited, level))
      .toSorted((a, b) => b.totalBytes - a.totalBytes || (a.name < b.name ? -1 : 1))
  }

  function familyAt(at: number, inherited: Name | undefined, level: number): Family {
    const members = imagesOn(tree, at).flatMap((each) => images[each] ?? [])
    const depth = tree.nodes[at]?.depth ?? 0
    const name = inheritedName(nameAt(at), inherited) ?? plainName(members, depth)
    const size = (blob: number): number => graph.blobs[blob]?.size ?? 0
    let totalBytes = 0
    for (const { facts, manifest } of members) {
      totalBytes += facts.size
      for (const blob of graph.manifests[manifest]?.blobs ?? []) {
        if (seen[blob] === at) continue
        seen[blob] = at
        totalBytes += size(blob)
      }
    }
    return {
      name: name.text,
      nameFrom: name.from,
      distance: depth - name.depth,
      layers: depth,
      images: members.length,
      repositories: new Set(members.flatMap(({ places }) => places.map((each) => each.repository)))
        .size,
      platforms: [...new Set(members.map(({ platform }) => platform))].toSorted(),
      chainBytes: [...new Set(members[0]?.layers.slice(0, depth))].reduce(
        (sum, blob) => sum + size(blob),
        0,
      ),
      totalBytes,
      examples: members.map(imageName).toSorted().slice(0, examplesMax),
      families: familiesOn(at, name.from === 'platform' ? undefined : name, level + 1),
    }
  }

  return familiesOn(0, undefined, 1)
}

/** Names a node by what its images or an image on its chain tell; nothing when they tell nothing. */
function familyNames(
  images: readonly InventoryImage[],
  tree: ChainTree,
): (at: number) => Name | undefined {
  const agreed = agreeOnHints(images, tree)
  const endsAt = (at: number): readonly InventoryImage[] =>
    (tree.nodes[at]?.ends ?? []).flatMap((each) => images[each] ?? [])

  return (at) => {
    const depth = tree.nodes[at]?.depth ?? 0
    const hints = agreed[at]
    const { baseName, baseDigest } = hints ?? {}
    if (baseName !== undefined && baseDigest !== null) {
      const base = [...chainDown(tree, at)].find(
        (node) =>
          baseDigest !== undefined && endsAt(node).some(({ digests }) => digests.has(baseDigest)),
      )
      return { text: baseName, from: 'annotation', depth: tree.nodes[base ?? at]?.depth ?? depth }
    }
    for (const node of chainDown(tree, at)) {
      const base = likeliestBase(endsAt(node))
      if (base === undefined) continue
      return { text: imageName(base), from: 'image', depth: tree.nodes[node]?.depth ?? depth }
    }
    const { label, runtime, system } = hints ?? {}
    if (label !== undefined) return { text: label, from: 'labels', depth }
    if (runtime !== undefined) {
      const text = system === undefined ? runtime : `${runtime} on ${system}`
      return { text, from: 'environment', depth }
    }
    return system === undefined ? undefined : { text: system, from: 'history', depth }
  }
}

/** The base was there first, and has a tag more often than not. */
function likeliestBase(images: readonly InventoryImage[]): InventoryImage | undefined {
  const rank = ({ places, image }: InventoryImage): number =>
    (places.some(({ tags }) => tags.length > 0) ? 0 : 1e15) + (image.created?.getTime() ?? 1e14)
  return images.toSorted((a, b) => rank(a) - rank(b) || (imageName(a) < imageName(b) ? -1 : 1))[0]
}

/** A name that was given further down already keeps its place; an annotation's base is nearer than an image below it. */
function inheritedName(own: Name | undefined, inherited: Name | undefined): Name | undefined {
  if (own === undefined || inherited === undefined) return own ?? inherited
  if (own.text === inherited.text) return inherited
  return own.from === 'image' && own.depth < inherited.depth ? inherited : own
}

function plainName(members: readonly InventoryImage[], depth: number): Name {
  const platforms = [...new Set(members.map(({ platform }) => platform))].toSorted()
  const layers = depth === 1 ? 'a layer' : `${depth} layers`
  return { text: `${layers} of ${platforms.join(', ')}`, from: 'platform', depth }
}

/** The nearest forks above a node. */
function nextForks(tree: ChainTree, from: number): readonly number[] {
  const forks: number[] = []
  const waiting = [...(tree.nodes[from]?.children ?? [])]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const node = tree.nodes[at]
    if (node === undefined || node.count < 2) continue
    if (isFork(node)) forks.push(at)
    else waiting.push(...node.children)
  }
  return forks
}

function imagesOn(tree: ChainTree, from: number): readonly number[] {
  const images: number[] = []
  const waiting = [from]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    images.push(...(tree.nodes[at]?.ends ?? []))
    waiting.push(...(tree.nodes[at]?.children ?? []))
  }
  return images.toSorted((a, b) => a - b)
}
