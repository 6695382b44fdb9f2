import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { isImageManifestMediaType, isIndexMediaType } from '@berth/oci/media-type.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { LRUCache } from 'lru-cache'
import { manifestPayloads, treeSizes } from '../metadata/browse.ts'
import type { Database } from '../metadata/database.ts'
import { platformsOf } from '../metadata/manifest-platforms.ts'
import { pullsOf } from '../metadata/manifest-pulls.ts'
import { countVerdicts } from '../metadata/signature-verdicts.ts'
import { isImageConfigMediaType } from '../registry/image-config.ts'
import type { ManifestView } from './manifests.ts'

type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'

/** What scanning knows of an image, in short. */
type ScanSummary = {
  platform: string | null
  state: 'none' | 'waiting' | 'running' | 'catalogued' | 'failed' | 'unsupported'
  counts: Record<Severity, number>
  worst: Severity | null
  fixable: number
}

/** Tells what scanning knows of these images of a repository, each of which has an answer. */
export type ScanSummaries = {
  summarize(
    repository: RepositoryName,
    digests: readonly string[],
  ): Promise<ReadonlyMap<string, ScanSummary>>
}

export type TagDetails = {
  kind: ManifestView['kind']
  artifactType: string | null
  platforms: string[] | null
  totalSize: number
  lastPulledAt: string | null
  pulls: number
  scan: (ScanSummary & { digest: string }) | null
  signatures: { verified: number; refused: number }
}

type Tagged = {
  readonly digest: string
  readonly media_type: string
  readonly artifact_type: string | null
  readonly size: number
}

/** An image that an index lists. */
type Listed = { readonly digest: string; readonly platform: string | undefined }

const platformsMax = 50
const keptIndexes = 2000
const preferred = 'linux/amd64'
const nothingSigned = { verified: 0, refused: 0 }

/** Finds out what a table shows of the manifests that tags point at: a few reads for a page, none for each row. */
export class TagDetailing {
  readonly #database: Database
  readonly #scans: ScanSummaries
  /** By digest, so what is in it stays true. */
  readonly #indexes = new LRUCache<string, readonly Listed[]>({ max: keptIndexes })

  constructor(parts: { database: Database; scans: ScanSummaries }) {
    this.#database = parts.database
    this.#scans = parts.scans
  }

  /** By digest, of manifests of this repository, 500 at most. */
  async describe(
    repository: { readonly id: number; readonly name: RepositoryName },
    tagged: readonly Tagged[],
  ): Promise<Map<string, TagDetails>> {
    const { read } = this.#database
    const manifests = new Map(tagged.map((each) => [each.digest, each]))
    const digests = [...manifests.keys()]
    const listed = await this.#readIndexes(
      repository.id,
      [...manifests.values()].filter((each) => isIndexMediaType(each.media_type)),
    )
    const images = new Map(
      [...manifests.values()].flatMap((each) => {
        const image = kindOf(each) === 'image' ? each : choose(listed.get(each.digest))
        return image ? [[each.digest, image.digest]] : []
      }),
    )
    const [platforms, sizes, pulls, signatures, scans] = [
      await platformsOf(read, repository.id, digests),
      await treeSizes(read, repository.id, digests),
      await pullsOf(read, repository.id, digests),
      await countVerdicts(read, repository.id, digests),
      await this.#scans.summarize(repository.name, [...new Set(images.values())]),
    ]
    const details = new Map<string, TagDetails>()
    for (const [digest, manifest] of manifests) {
      const pulled = pulls.get(digest)
      const image = images.get(digest)
      const scan = image === undefined ? undefined : scans.get(image)
      details.set(digest, {
        kind: kindOf(manifest),
        artifactType: manifest.artifact_type,
        platforms: platformsIn(platforms.get(digest), listed.get(digest)),
        totalSize: manifest.size + (sizes.get(digest) ?? 0),
        lastPulledAt: pulled?.lastPulledAt ?? null,
        pulls: pulled?.pulls ?? 0,
        scan: scan && image !== undefined ? { digest: image, ...scan } : null,
        signatures: signatures.get(digest) ?? nothingSigned,
      })
    }
    return details
  }

  async #readIndexes(
    repositoryId: number,
    indexes: readonly Tagged[],
  ): Promise<Map<string, readonly Listed[]>> {
    const listed = new Map<string, readonly Listed[]>()
    for (const { digest } of indexes) {
      const known = this.#indexes.get(digest)
      if (known) listed.set(digest, known)
    }
    const missing = indexes.filter(({ digest }) => !listed.has(digest))
    const payloads = await manifestPayloads(
      this.#database.read,
      repositoryId,
      missing.map(({ digest }) => digest),
    )
    for (const { digest, media_type: mediaType } of missing) {
      const payload = payloads.get(digest)
      const images = payload ? imagesIn(payload, mediaType) : []
      this.#indexes.set(digest, images)
      listed.set(digest, images)
    }
    return listed
  }
}

function kindOf({ media_type: mediaType, artifact_type: artifactType }: Tagged) {
  if (isIndexMediaType(mediaType)) return 'index'
  if (!isImageManifestMediaType(mediaType)) return 'unknown'
  return artifactType !== null && isImageConfigMediaType(artifactType) ? 'image' : 'artifact'
}

function platformsIn(own: string | undefined, listed: readonly Listed[] | undefined) {
  const platforms = listed?.flatMap(({ platform }) => platform ?? []) ?? []
  if (own !== undefined) platforms.push(own)
  return platforms.length === 0 ? null : [...new Set(platforms)].slice(0, platformsMax)
}

/** As scans do: that for `linux/amd64`, else the first. */
function choose(listed: readonly Listed[] = []): Listed | undefined {
  return listed.find(({ platform }) => platform === preferred) ?? listed[0]
}

/** Empty when it is not read: a former version may have accepted what this one does not. */
function imagesIn(payload: Uint8Array, mediaType: string): readonly Listed[] {
  try {
    return parseManifest(payload, mediaType)
      .manifests.filter(({ mediaType }) => isImageManifestMediaType(mediaType))
      .map((child) => ({ digest: child.digest, platform: platformOf(child) }))
      .filter(({ platform }) => platform !== 'unknown/unknown')
  } catch {
    return []
  }
}

function platformOf({ platform }: Descriptor): string | undefined {
  if (platform === undefined) return undefined
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
}
