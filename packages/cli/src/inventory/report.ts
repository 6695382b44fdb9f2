import type { KindName } from '@berth/client/kinds/kind.ts'
import { type Accelerators, findVariants } from './accelerators.ts'
import { type AgeBucket, ageBuckets, dateRoots, staleRoots } from './ages.ts'
import { buildChainTree } from './base-chains.ts'
import { findBaseVersions } from './base-versions.ts'
import { buildContentGraph } from './content-graph.ts'
import type { RegistryContents } from './contents.ts'
import { findDuplicates, type SameFiles, type SameManifest } from './duplicates.ts'
import { type Family, listFamilies } from './families.ts'
import { type InventoryImage, listImages } from './images.ts'
import { plainText } from './plain-text.ts'
import { type Price, type Prices, priceOfBytes } from './prices.ts'
import { type Recommendation, recommend } from './recommendations.ts'
import { type RepositoryUsage, repositoryUsage } from './usage.ts'

/** One registry in the document of `berth inventory --json`. Bytes are as stored, that is compressed. Fields are only ever added. */
export type InventoryReport = {
  readonly registry: string
  readonly kind: KindName
  /** When it was read, in ISO 8601. */
  readonly readAt: string
  /** Whether all that the caller may see was looked at. When not, others may share what is called unique here. */
  readonly isWhole: boolean
  readonly problems: readonly string[]
  readonly totals: Totals
  readonly platforms: readonly {
    readonly platform: string
    readonly images: number
    readonly bytes: number
  }[]
  /** The largest first. */
  readonly repositories: readonly RepositoryReport[]
  readonly families: readonly Family[]
  readonly duplicates: {
    readonly manifests: readonly SameManifest[]
    readonly images: readonly SameFiles[]
    readonly layers: readonly {
      readonly repositories: readonly string[]
      readonly layers: number
      readonly excessBytes: number
    }[]
  }
  readonly ages: {
    readonly buckets: readonly AgeBucket[]
    readonly staleDays: number
    readonly staleTags: number
    /** Whether the registry tells when something was pulled. */
    readonly tellsPulls: boolean
    /** Those of `staleTags`, the oldest first; at most 50. */
    readonly oldest: readonly StaleImage[]
  }
  readonly accelerators: Accelerators
  readonly recommendations: readonly Recommendation[]
  /** What all recommendations together save; less than their sum, for they overlap. */
  readonly recommendedBytes: number
  /** Only with a price. */
  readonly cost?: Cost
  readonly quotas: readonly QuotaReport[]
}

export type Totals = {
  readonly repositories: number
  readonly tags: number
  readonly manifests: number
  readonly images: number
  readonly indexes: number
  /** Charts, models, signatures, attestations and the like. */
  readonly artifacts: number
  /** Manifests that no tag leads to; null when the registry does not tell of them. */
  readonly untagged: number | null
  readonly blobs: number
  /** Every manifest and blob once. */
  readonly storedBytes: number
  /** What the repositories would take if nothing were shared between them. */
  readonly aloneBytes: number
}

export type RepositoryReport = RepositoryUsage & {
  readonly tags: number
  readonly images: number
  /** Per month, for its unique bytes. */
  readonly cost?: number
}

export type QuotaReport = {
  readonly owner: string
  readonly usedBytes: number
  /** null: no limit. */
  readonly limitBytes: number | null
}

export type StaleImage = {
  readonly name: string
  readonly ageDays: number
  readonly pushedAt: string | null
  readonly lastPulledAt: string | null
}

export type Cost = {
  readonly currency: string
  readonly storagePerGibibyteMonth: number
  /** For all that is stored. */
  readonly perMonth: number
  /** What the recommendations save of it. */
  readonly savedPerMonth: number
  /** What it costs to read everything once; only with a price of egress. */
  readonly readOnce?: number
}

export type AnalysisOptions = {
  readonly now: Date
  readonly staleDays: number
  readonly prices?: Prices | undefined
}

const oldestMax = 50

/** Everything that is to be said about what was read. Pure: the same contents give the same report. */
export function analyseRegistry(
  contents: RegistryContents,
  { now, staleDays, prices }: AnalysisOptions,
): InventoryReport {
  const graph = buildContentGraph(contents)
  const images = listImages(graph)
  const tree = buildChainTree(images)
  const usage = repositoryUsage(graph)
  const duplicates = findDuplicates(graph, images)
  const roots = dateRoots(graph, contents, now)
  const stale = staleRoots(roots, { now, staleDays })
  const bases = findBaseVersions(images, tree)
  const advice = recommend({ graph, images, bases, duplicates, roots, stale, staleDays })
  const price = prices?.priceOf(contents.kind, contents.registry)
  const kinds = Map.groupBy(graph.manifests, ({ facts }) => facts.kind)
  return {
    registry: contents.registry,
    kind: contents.kind,
    readAt: now.toISOString(),
    isWhole: contents.isWhole,
    problems: contents.problems,
    totals: {
      repositories: contents.repositories.length,
      tags: contents.repositories.reduce((sum, { tags }) => sum + tags.size, 0),
      manifests: graph.manifests.length,
      images: images.length,
      indexes: kinds.get('index')?.length ?? 0,
      artifacts: graph.manifests.length - images.length - (kinds.get('index')?.length ?? 0),
      untagged: contents.hasUntagged ? roots.filter(({ tags }) => tags === 0).length : null,
      blobs: graph.blobs.length,
      storedBytes: graph.storedBytes,
      aloneBytes: usage.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    },
    platforms: platformTotals(images, graph),
    repositories: repositoryReports(contents, usage, images, price),
    families: listFamilies(graph, images, tree),
    duplicates: {
      manifests: duplicates.manifests,
      images: duplicates.images,
      layers: duplicates.layers.map(({ repositories, layers, excessBytes }) => ({
        repositories,
        layers: layers.length,
        excessBytes,
      })),
    },
    ages: {
      buckets: ageBuckets(roots),
      staleDays,
      staleTags: stale.stale.reduce((sum, { tags }) => sum + tags, 0),
      tellsPulls: stale.tellsPulls,
      oldest: stale.stale
        .toSorted((a, b) => (b.ageDays ?? 0) - (a.ageDays ?? 0))
        .slice(0, oldestMax)
        .map(({ name, ageDays, pushedAt, lastPulledAt }) => ({
          name,
          ageDays: Math.floor(ageDays ?? 0),
          pushedAt: pushedAt?.toISOString() ?? null,
          lastPulledAt: lastPulledAt?.toISOString() ?? null,
        })),
    },
    accelerators: findVariants(graph, images),
    recommendations: advice.list,
    recommendedBytes: advice.togetherBytes,
    ...(price !== undefined && { cost: costOf(price, graph.storedBytes, advice.togetherBytes) }),
    quotas: contents.quotas.map(({ owner, usedBytes, limitBytes }) => ({
      owner: plainText(owner, 120),
      usedBytes,
      limitBytes: limitBytes ?? null,
    })),
  }
}

/** The quotas that limit something, the fullest first. */
export function limited(
  quotas: readonly QuotaReport[],
): readonly (QuotaReport & { readonly limitBytes: number })[] {
  return quotas
    .flatMap((each) => (each.limitBytes === null ? [] : [{ ...each, limitBytes: each.limitBytes }]))
    .toSorted((a, b) => b.usedBytes / b.limitBytes - a.usedBytes / a.limitBytes)
}

function platformTotals(
  images: readonly InventoryImage[],
  graph: ReturnType<typeof buildContentGraph>,
): InventoryReport['platforms'] {
  return [...Map.groupBy(images, ({ platform }) => platform)]
    .map(([platform, own]) => {
      const blobs = new Set(own.flatMap(({ manifest }) => graph.manifests[manifest]?.blobs ?? []))
      const manifests = own.reduce((sum, { facts }) => sum + facts.size, 0)
      const bytes = [...blobs].reduce(
        (sum, blob) => sum + (graph.blobs[blob]?.size ?? 0),
        manifests,
      )
      return { platform, images: own.length, bytes }
    })
    .toSorted((a, b) => b.images - a.images || (a.platform < b.platform ? -1 : 1))
}

function repositoryReports(
  contents: RegistryContents,
  usage: readonly RepositoryUsage[],
  images: readonly InventoryImage[],
  price: Price | undefined,
): readonly RepositoryReport[] {
  const counts = new Map<string, number>()
  for (const { places } of images) {
    for (const { repository } of places) counts.set(repository, (counts.get(repository) ?? 0) + 1)
  }
  return usage
    .map((each, at) => ({
      ...each,
      tags: contents.repositories[at]?.tags.size ?? 0,
      images: counts.get(each.name) ?? 0,
      ...(price !== undefined && { cost: priceOfBytes(each.uniqueBytes, price.storage) }),
    }))
    .toSorted((a, b) => b.totalBytes - a.totalBytes || (a.name < b.name ? -1 : 1))
}

function costOf(
  { storage, egress, currency }: Price,
  storedBytes: number,
  savedBytes: number,
): Cost {
  return {
    currency,
    storagePerGibibyteMonth: storage,
    perMonth: priceOfBytes(storedBytes, storage),
    savedPerMonth: priceOfBytes(savedBytes, storage),
    ...(egress !== undefined && { readOnce: priceOfBytes(storedBytes, egress) }),
  }
}
