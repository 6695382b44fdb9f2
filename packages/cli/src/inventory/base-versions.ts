import { commonDepth } from './accelerators.ts'
import { type ChainTree, chainDown } from './base-chains.ts'
import { type BaseHints, readBaseHints } from './base-hints.ts'
import { type InventoryImage, imageName } from './images.ts'
import { LocalBases } from './local-bases.ts'

/** One version of a base, and what is built on it: all for one platform. */
export type BaseVersion = {
  /** How many layers the base has. */
  readonly depth: number
  readonly images: readonly InventoryImage[]
  /** Images of the registry that are this base themselves. */
  readonly bases: readonly InventoryImage[]
  /** When the base was made, else the newest image on it, in ms; 0 when nobody knows. */
  readonly time: number
}

/** Several versions of one base, and images built on each. */
export type BaseGroup = {
  readonly name: string
  readonly toldBy: 'annotation' | 'image' | 'environment'
  /** For each platform two versions or more, the newest first. */
  readonly platforms: readonly (readonly BaseVersion[])[]
}

/** An image with the name of what it is built on, and how many of its layers belong to that, where it is known. */
type Built = {
  readonly image: InventoryImage
  readonly key: string
  readonly name: string
  readonly toldBy: BaseGroup['toldBy']
  readonly hints: BaseHints
  readonly depth: number | undefined
  /** The nodes of its layers in the tree, the highest first. */
  readonly chain: readonly number[]
}

/**
 * Bases of which two or more versions are in use. How many layers a base has is known when it is in the registry
 * itself, or when images of different repositories share exactly so many; where neither holds, nothing is said.
 */
export function findBaseVersions(
  images: readonly InventoryImage[],
  tree: ChainTree,
): readonly BaseGroup[] {
  const bases = new LocalBases(images, tree)
  const hintsOf = new Map(images.map((image) => [image, readBaseHints(image)]))
  const serving = new Set<InventoryImage>()
  const built: Built[] = []
  for (const [at, image] of images.entries()) {
    const hints = hintsOf.get(image)
    if (hints === undefined || image.diffIds.length === 0) continue
    const chain = [...chainDown(tree, tree.endOf[at] ?? 0)]
    const base = bases.below(image, chain, hints.baseDigest)
    if (base !== undefined) serving.add(base.image)
    const named = nameBase(hints, base && { image: base.image, hints: hintsOf.get(base.image) })
    if (named !== undefined) built.push({ image, hints, depth: base?.depth, chain, ...named })
  }
  const groups = Map.groupBy(
    built.filter(({ image }) => !serving.has(image)),
    ({ key }) => key,
  )
  return [...groups.values()].flatMap((members) => {
    const [first] = members
    const platforms = [...Map.groupBy(members, ({ image }) => image.platform).values()]
      .map((each) => versionsOf(each, bases))
      .filter((versions) => versions.length > 1)
    if (first === undefined || platforms.length === 0) return []
    return [{ name: first.name, toldBy: first.toldBy, platforms }]
  })
}

function nameBase(
  own: BaseHints,
  base: { readonly image: InventoryImage; readonly hints: BaseHints | undefined } | undefined,
): Pick<Built, 'key' | 'name' | 'toldBy'> | undefined {
  if (own.baseName !== undefined) {
    return { key: `annotation ${own.baseName}`, name: own.baseName, toldBy: 'annotation' }
  }
  if (base !== undefined) {
    const [, repository = '', tag = ''] = /^([^:@]+)[:@](.*)$/.exec(imageName(base.image)) ?? []
    // 3.11 beside 3.12 is meant: two bases, not two versions of one.
    const series = base.hints?.runtime ?? /^v?\d+(?:\.\d+)?/.exec(tag)?.[0]
    const name = series === undefined ? repository : `${repository} (${series})`
    return { key: `image ${name}`, name, toldBy: 'image' }
  }
  const told = [own.runtime, own.system].filter((each) => each !== undefined).join(' on ')
  return told === '' ? undefined : { key: `told ${told}`, name: told, toldBy: 'environment' }
}

/** The images of one platform by the version of the base that they are on. */
function versionsOf(members: readonly Built[], bases: LocalBases): readonly BaseVersion[] {
  const parts = Map.groupBy(
    members.filter(({ depth }) => depth === undefined),
    ({ image, hints }) => hints.baseDigest ?? image.diffIds[0] ?? '',
  )
  const depths = [
    ...members.flatMap(({ depth }) => depth ?? []),
    ...[...parts.values()].flatMap((part) => sharedDepth(part) ?? []),
  ]
  if (depths.length === 0) return []
  const usual = Math.min(...new Set(depths))
  const versions = Map.groupBy(
    members.filter(({ chain, depth }) => chain.length >= (depth ?? usual)),
    ({ chain, depth }) => chain[chain.length - (depth ?? usual)] ?? 0,
  )
  return [...versions]
    .map(([node, on]) => {
      const [first] = on
      const own = bases.endingAt(node)
      const times = (own.length > 0 ? own : on.map(({ image }) => image)).map(
        ({ image }) => image.created?.getTime() ?? 0,
      )
      return {
        depth: first?.depth ?? usual,
        images: on.map(({ image }) => image),
        bases: own,
        time: times.reduce((newest, each) => Math.max(newest, each), 0),
      }
    })
    .toSorted((a, b) => b.time - a.time || b.images.length - a.images.length)
}

/** How many layers images of different repositories share: more would be the work of one of them. */
function sharedDepth(part: readonly Built[]): number | undefined {
  const repositories = new Set(
    part.map(({ image }) => image.places.map(({ repository }) => repository).join(' ')),
  )
  if (repositories.size < 2) return undefined
  const depth = commonDepth(part.map(({ image }) => image.diffIds))
  return depth === 0 || part.every(({ image }) => image.diffIds.length === depth)
    ? undefined
    : depth
}
