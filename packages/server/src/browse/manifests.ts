import { isJsonMediaType } from '@berth/api/manifests.ts'
import type { Descriptor, Platform } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import {
  type BoundedCount,
  type ManifestListing,
  countReferrers,
  listManifests,
  readManifestListing,
  referencedSize,
  tagsOn,
} from '../metadata/browse.ts'
import type { Database } from '../metadata/database.ts'
import { type RepositoryReads, prepareRepositoryReads } from '../metadata/repositories.ts'
import type { Permit } from '../registry/admission.ts'
import type { Blobs } from '../registry/blobs.ts'
import { configMaxBytes, readImageConfig } from '../registry/image-config.ts'
import type { Manifests, StoredManifest } from '../registry/manifests.ts'
import { readBlob } from '../registry/read-blob.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { type ImageView, viewImage } from './image-view.ts'
import { noRepository } from './repositories.ts'

export type ManifestSummary = {
  digest: string
  mediaType: string
  artifactType: string | null
  size: number
  subject: string | null
  tags: string[]
  createdAt: string
}

type Content = { digest: string; mediaType: string; size: number }
type Annotations = Record<string, string>

export type ManifestView = ManifestSummary & {
  kind: 'image' | 'index' | 'artifact' | 'unknown'
  totalSize: number
  annotations: Annotations
  config: Content | null
  layers: (Content & { annotations: Annotations })[]
  children: (Content & {
    artifactType: string | null
    platform: PlatformView | null
    annotations: Annotations
  })[]
  image: ImageView | null
  imageFault: string | null
  referrers: BoundedCount
  isTruncated: boolean
}

type PlatformView = {
  architecture: string | null
  os: string | null
  osVersion: string | null
  variant: string | null
}

/** Of any one list: no image that somebody made comes near. */
const listMax = 1000
const tagsMax = 10

/** Manifests as people look at them. */
export class ManifestBrowser {
  readonly #database: Database
  readonly #repositories: RepositoryReads
  readonly #manifests: Manifests
  readonly #blobs: Blobs

  constructor(parts: { database: Database; manifests: Manifests; blobs: Blobs }) {
    this.#database = parts.database
    this.#repositories = prepareRepositoryReads(parts.database)
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
  }

  /** The newest first. Throws `notFound` without the repository, `requestInvalid` for a foreign `after`. */
  async listManifests(
    repository: RepositoryName,
    query: { after: string | undefined; limit: number },
  ): Promise<{ items: ManifestSummary[]; next: string | null }> {
    const { read } = this.#database
    const rows = await listManifests(read, {
      repository,
      after: query.after === undefined ? undefined : readPlace(query.after),
      limit: query.limit + 1,
    })
    if (rows.length === 0 && !(await this.#repositories.find.first({ name: repository }))) {
      throw noRepository()
    }
    const page = rows.slice(0, query.limit)
    const last = page.at(-1)
    const tags = await tagsOn(
      read,
      repository,
      page.map((row) => row.digest),
      tagsMax,
    )
    return {
      items: page.map((row) => toSummary(row, tags.get(row.digest) ?? [])),
      next: rows.length > page.length && last ? writeCursor(last.created_at, last.digest) : null,
    }
  }

  /** Reads a manifest, and the config of an image. Throws `manifestUnknown`, `nameUnknown`. */
  async getManifest(repository: RepositoryName, reference: Reference): Promise<ManifestView> {
    const stored = await this.#manifests.getManifest(repository, reference)
    const row = await readManifestListing(this.#database.read, repository, stored.digest)
    if (!row) throw new BerthError('manifestUnknown', 'The manifest was deleted just now.')
    const { read } = this.#database
    const parsed = readStored(stored)
    const config = await readImageConfig(this.#blobs, repository, parsed?.config)
    const tags = await tagsOn(read, repository, [stored.digest], tagsMax)
    const children = parsed?.manifests ?? []
    const layers = parsed?.layers ?? []
    return {
      ...toSummary(row, tags.get(stored.digest) ?? []),
      kind: kindOf(parsed, config !== undefined),
      totalSize: await this.#totalSize(repository, row, children),
      annotations: { ...parsed?.annotations },
      config: parsed?.config ? toContent(parsed.config) : null,
      layers: layers.slice(0, listMax).map((layer) => ({
        ...toContent(layer),
        annotations: { ...layer.annotations },
      })),
      children: children.slice(0, listMax).map((child) => ({
        ...toContent(child),
        artifactType: child.artifactType ?? null,
        platform: child.platform ? toPlatform(child.platform) : null,
        annotations: { ...child.annotations },
      })),
      image: config?.config ? viewImage(config.config, listMax) : null,
      imageFault: config?.unreadable === undefined ? null : `The config ${config.unreadable}.`,
      referrers: await countReferrers(read, repository, stored.digest),
      isTruncated: layers.length > listMax || children.length > listMax,
    }
  }

  /**
   * The JSON of a manifest, or of the config that it names, as it was pushed; `digest` is that of the manifest. Throws
   * `manifestUnknown`, `nameUnknown`, `blobUnknown`; `notFound` without a config that is JSON, `conflict` for one too large.
   */
  async readContent(
    repository: RepositoryName,
    reference: Reference,
    part: 'manifest' | 'config',
  ): Promise<{ digest: Digest; bytes: Buffer }> {
    const stored = await this.#manifests.getManifest(repository, reference)
    const { digest, payload } = stored
    if (part === 'manifest') return { digest, bytes: payload }
    const config = readStored(stored)?.config
    if (!config || !isJsonMediaType(config.mediaType)) {
      throw new BerthError('notFound', 'The manifest names no config that is JSON.')
    }
    const bytes = await readBlob(this.#blobs, repository, config, configMaxBytes)
    if (bytes) return { digest, bytes }
    throw new BerthError(
      'conflict',
      `The config is larger than ${configMaxBytes >> 20} MiB, the most that is shown. Pull it as the blob ${config.digest}.`,
    )
  }

  /** As `Manifests.deleteManifest`. */
  deleteManifest(repository: RepositoryName, reference: Reference, permit: Permit): Promise<void> {
    return this.#manifests.deleteManifest(repository, reference, permit)
  }

  async #totalSize(
    repository: RepositoryName,
    manifest: ManifestListing,
    children: readonly Descriptor[],
  ): Promise<number> {
    const { read } = this.#database
    const own = manifest.size + (await referencedSize(read, repository, [manifest.digest]))
    const digests: Digest[] = [...new Set(children.slice(0, listMax).map((child) => child.digest))]
    return own + (await referencedSize(read, repository, digests))
  }
}

/** `undefined` when it is not read: a former version may have accepted what this one does not. */
function readStored(stored: StoredManifest): ParsedManifest | undefined {
  try {
    return parseManifest(stored.payload, stored.mediaType)
  } catch {
    return undefined
  }
}

function kindOf(parsed: ParsedManifest | undefined, hasImageConfig: boolean): ManifestView['kind'] {
  if (!parsed || parsed.kind === 'opaque') return 'unknown'
  if (parsed.kind === 'index') return 'index'
  return hasImageConfig ? 'image' : 'artifact'
}

function readPlace(cursor: string): { created_at: string; digest: string } {
  const [createdAt = '', digest = ''] = readCursor(cursor, 2)
  return { created_at: createdAt, digest }
}

function toSummary(row: ManifestListing, tags: string[]): ManifestSummary {
  return {
    digest: row.digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type,
    size: row.size,
    subject: row.subject_digest,
    tags,
    createdAt: row.created_at,
  }
}

function toContent({ digest, mediaType, size }: Descriptor): Content {
  return { digest, mediaType, size }
}

function toPlatform(platform: Platform): PlatformView {
  return {
    architecture: platform.architecture ?? null,
    os: platform.os ?? null,
    osVersion: platform['os.version'] ?? null,
    variant: platform.variant ?? null,
  }
}
