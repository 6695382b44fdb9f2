import type { ContentGraph } from './content-graph.ts'
import { type InventoryImage, imageName } from './images.ts'

export type Accelerator = 'cuda' | 'rocm' | 'xpu' | 'gpu'

/** What an image computes on, and by what that was told. */
export type AcceleratorFinding = {
  readonly accelerator: Accelerator
  readonly toldBy: 'environment' | 'labels' | 'layers' | 'name'
}

/** One image of a group of variants. `sharedBytes` are blobs that every variant has; `ownBytes` those that no other has. */
export type Variant = {
  readonly image: string
  readonly accelerator: Accelerator | 'cpu'
  /** null for those that say nothing of an accelerator. */
  readonly toldBy: AcceleratorFinding['toldBy'] | null
  readonly totalBytes: number
  readonly sharedBytes: number
  readonly ownBytes: number
}

/** The same thing made for several accelerators, or with and without one. */
export type VariantGroup = {
  /** The name without what tells the variants apart: `team/trainer:1.2`. */
  readonly name: string
  readonly platform: string
  readonly variants: readonly Variant[]
  /** Lowest layers that all of them have in common. */
  readonly sharedLayers: number
  /** Bytes of the blobs that all of them have. */
  readonly sharedBytes: number
  /** Bytes of all of them together, each blob once. */
  readonly totalBytes: number
}

export type Accelerators = {
  readonly images: { readonly [Key in Accelerator | 'cpu']: number }
  /** The largest first. */
  readonly groups: readonly VariantGroup[]
}

const environment: readonly (readonly [RegExp, Accelerator])[] = [
  [
    /^(?:ROCM_(?:PATH|VERSION|HOME)|HIP_(?:PATH|VISIBLE_DEVICES)|HSA_[A-Z_]+|PYTORCH_ROCM_ARCH)=./,
    'rocm',
  ],
  [
    /^(?:NVIDIA_VISIBLE_DEVICES=(?!void\b|none\b).|CUDA_(?:VERSION|HOME|PATH)=.|NV_CUDA_[A-Z_]+=.|NVIDIA_REQUIRE_CUDA=.|CUDNN_VERSION=.)/,
    'cuda',
  ],
  [/^(?:ONEAPI_ROOT|ZE_[A-Z_]+|SYCL_[A-Z_]+)=./, 'xpu'],
]
const layerSteps: readonly (readonly [RegExp, Accelerator])[] = [
  [
    /\b(?:rocm-(?:dev|libs|hip[a-z-]*)|hip-runtime-amd|download\.pytorch\.org\/whl\/rocm|miopen-hip)/,
    'rocm',
  ],
  [
    /\b(?:cuda-(?:toolkit|runtime|libraries|cudart|compat)|libcudnn\d|nvidia-(?:cublas|cudnn|cuda-runtime)|download\.pytorch\.org\/whl\/cu\d|jax\[cuda)/,
    'cuda',
  ],
  [/\b(?:intel-oneapi-[a-z]|intel-level-zero-gpu)/, 'xpu'],
]
/** Parts of names that tell a variant, between separators. */
const nameParts: readonly (readonly [RegExp, Accelerator | 'cpu'])[] = [
  [/^(?:cuda|cu)[\d.]*$/, 'cuda'],
  [/^nvidia$/, 'cuda'],
  [/^cudnn\d*$/, 'cuda'],
  [/^rocm[\d.]*$/, 'rocm'],
  [/^xpu$/, 'xpu'],
  [/^gpu$/, 'gpu'],
  [/^cpu$/, 'cpu'],
]

/** What the image says it computes on; `undefined` when it says nothing of the kind. The surest word counts. */
export function findAccelerator(image: InventoryImage): AcceleratorFinding | undefined {
  const { environment: values, labels, steps } = image.image
  const byEnvironment = firstMatch(environment, values)
  if (byEnvironment !== undefined) return { accelerator: byEnvironment, toldBy: 'environment' }
  const keys = Object.keys(labels)
  if (keys.some((key) => /^com\.nvidia\.(?:cudnn|nccl|cuda|volumes)/.test(key))) {
    return { accelerator: 'cuda', toldBy: 'labels' }
  }
  const byLayers = firstMatch(layerSteps, steps)
  if (byLayers !== undefined) return { accelerator: byLayers, toldBy: 'layers' }
  const named = splitName(imageName(image)).word
  return named === undefined || named === 'cpu' ? undefined : { accelerator: named, toldBy: 'name' }
}

/** Counts images by what they compute on, and puts variants of one thing side by side. One pass, and one over the layers of variants. */
export function findVariants(graph: ContentGraph, images: readonly InventoryImage[]): Accelerators {
  const counts = { cuda: 0, rocm: 0, xpu: 0, gpu: 0, cpu: 0 }
  const groups = new Map<string, { name: string; members: Member[] }>()
  for (const image of images) {
    const finding = findAccelerator(image)
    counts[finding?.accelerator ?? 'cpu'] += 1
    const { stem } = splitName(imageName(image))
    const key = `${stem} ${image.platform}`
    const group = groups.get(key) ?? { name: stem, members: [] }
    group.members.push({ image, finding })
    groups.set(key, group)
  }
  return {
    images: counts,
    groups: [...groups.values()]
      .filter(({ members }) => new Set(members.map(kindOf)).size > 1)
      .map(({ name, members }) => compareVariants(graph, name, members))
      .toSorted((a, b) => b.totalBytes - a.totalBytes || (a.name < b.name ? -1 : 1)),
  }
}

type Member = { readonly image: InventoryImage; readonly finding: AcceleratorFinding | undefined }

function kindOf({ finding }: Member): Accelerator | 'cpu' {
  return finding?.accelerator ?? 'cpu'
}

function compareVariants(
  graph: ContentGraph,
  name: string,
  members: readonly Member[],
): VariantGroup {
  const holders = new Map<number, number>()
  const blobsOf = ({ image }: Member): readonly number[] =>
    graph.manifests[image.manifest]?.blobs ?? []
  for (const member of members) {
    for (const blob of blobsOf(member)) holders.set(blob, (holders.get(blob) ?? 0) + 1)
  }
  const sum = (blobs: Iterable<number>, isMeant: (blob: number) => boolean): number => {
    let bytes = 0
    for (const blob of blobs) if (isMeant(blob)) bytes += graph.blobs[blob]?.size ?? 0
    return bytes
  }
  const isShared = (blob: number): boolean => holders.get(blob) === members.length
  return {
    name,
    platform: members[0]?.image.platform ?? '',
    variants: members
      .map((member) => ({
        image: imageName(member.image),
        accelerator: kindOf(member),
        toldBy: member.finding?.toldBy ?? null,
        totalBytes: member.image.size,
        sharedBytes: sum(blobsOf(member), isShared),
        ownBytes: member.image.facts.size + sum(blobsOf(member), (blob) => holders.get(blob) === 1),
      }))
      .toSorted((a, b) => b.totalBytes - a.totalBytes),
    sharedLayers: commonDepth(members.map(({ image }) => image.diffIds)),
    sharedBytes: sum(holders.keys(), isShared),
    totalBytes:
      sum(holders.keys(), () => true) +
      members.reduce((bytes, { image }) => bytes + image.facts.size, 0),
  }
}

/** How many layers from the bottom are the same in all chains. */
export function commonDepth(chains: readonly (readonly string[])[]): number {
  const [first = [], ...others] = chains
  let depth = 0
  while (depth < first.length && others.every((each) => each[depth] === first[depth])) depth += 1
  return depth
}

/** A name without the parts that tell variants apart, and the first of those. */
export function splitName(name: string): { stem: string; word: Accelerator | 'cpu' | undefined } {
  let word: Accelerator | 'cpu' | undefined
  const at = name.indexOf('@')
  const kept = (at === -1 ? name : name.slice(0, at))
    .split(/([/:])/)
    .map((piece) =>
      piece
        .split('-')
        .filter((part) => {
          const found = nameParts.find(([pattern]) => pattern.test(part))?.[1]
          word ??= found
          return found === undefined
        })
        .join('-'),
    )
    .join('')
  // `trainer:cpu` and `trainer:gpu` are the same thing without any more words.
  return { stem: kept.replace(/[:/]$/, '').replaceAll('//', '/'), word }
}

function firstMatch<T>(
  rules: readonly (readonly [RegExp, T])[],
  texts: readonly string[],
): T | undefined {
  return rules.find(([pattern]) => texts.some((text) => pattern.test(text)))?.[1]
}
