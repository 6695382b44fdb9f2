import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { JsonObject } from '@berth/oci/json-guard.ts'
import { isJsonObject } from '@berth/oci/json-guard.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { isImageManifestMediaType } from '@berth/oci/media-type.ts'
import { parseReference, type Reference, type RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../access/caller.ts'
import { BerthError } from '../errors.ts'
import type { BoundedCount } from '../metadata/browse.ts'
import { type Database, inPortions } from '../metadata/database.ts'
import { countHolders, countUsers, storedBlobs } from '../metadata/layers.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { Blobs } from '../registry/blobs.ts'
import { readImageConfig } from '../registry/image-config.ts'
import type { Manifests } from '../registry/manifests.ts'
import { viewImage } from './image-view.ts'
import { noRepository } from './repositories.ts'

export type LayerView = {
  position: number
  digest: string
  diffId: string | null
  mediaType: string
  size: number
  createdBy: string | null
  createdAt: string | null
  comment: string | null
  isStored: boolean
  repositories: BoundedCount
  manifests: BoundedCount
}

const listMax = 1000
const preferred = 'linux/amd64'

/** The layers of images as people look at them. */
export class LayerBrowser {
  readonly #database: Database
  readonly #manifests: Manifests
  readonly #blobs: Blobs

  constructor(parts: { database: Database; manifests: Manifests; blobs: Blobs }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
  }

  /**
   * The layers of a manifest, or of that one of an index which is for `platform`; without it for `linux/amd64`, else the
   * first. Throws `notFound`, `manifestUnknown`, `nameUnknown`.
   */
  async listLayers(
    caller: Caller,
    repository: RepositoryName,
    reference: Reference,
    platform: string | undefined,
  ): Promise<{ digest: string; items: LayerView[]; isTruncated: boolean }> {
    const { read } = this.#database
    const found = await findRepository(read, repository)
    if (!found) throw noRepository()
    const { digest, manifest } = await this.#find(repository, reference, platform)
    const layers = manifest.layers.slice(0, listMax)
    const config = await readImageConfig(this.#blobs, repository, manifest.config)
    const steps = stepsOf(config?.config)
    const diffIds = diffIdsOf(config?.config)
    const stored = new Set<string>()
    await inPortions(
      layers.map((layer) => layer.digest),
      async (portion) => {
        for (const held of await storedBlobs(read, found.id, portion)) stored.add(held)
      },
    )
    const projects = await caller.readableProjects()
    const shares = new Map<string, Pick<LayerView, 'repositories' | 'manifests'>>()
    for (const layer of layers) {
      if (shares.has(layer.digest)) continue
      shares.set(layer.digest, {
        repositories: await countHolders(read, layer.digest, projects),
        manifests: await countUsers(read, found.id, layer.digest),
      })
    }
    const nobody = { count: 0, isMore: false }
    // Steps of another number of layers would be told of the wrong ones.
    const isTold = steps.length === manifest.layers.length
    return {
      digest,
      items: layers.map((layer, position) => ({
        position,
        digest: layer.digest,
        diffId: diffIds[position] ?? null,
        mediaType: layer.mediaType,
        size: layer.size,
        createdBy: (isTold && steps[position]?.createdBy) || null,
        createdAt: (isTold && steps[position]?.created) || null,
        comment: (isTold && steps[position]?.comment) || null,
        isStored: stored.has(layer.digest),
        ...(shares.get(layer.digest) ?? { repositories: nobody, manifests: nobody }),
      })),
      isTruncated: manifest.layers.length > listMax,
    }
  }

  async #find(
    repository: RepositoryName,
    reference: Reference,
    platform: string | undefined,
  ): Promise<{ digest: string; manifest: ParsedManifest }> {
    const stored = await this.#manifests.getManifest(repository, reference)
    const manifest = parseManifest(stored.payload, stored.mediaType)
    if (manifest.kind !== 'index') return { digest: stored.digest, manifest }
    const image = choose(manifest.manifests, platform)
    if (!image) {
      throw new BerthError(
        'notFound',
        platform === undefined
          ? 'This lists no image, so there are no layers.'
          : `There is no image for ${platform}.`,
      )
    }
    const child = await this.#manifests.getManifest(repository, parseReference(image.digest))
    return { digest: child.digest, manifest: parseManifest(child.payload, child.mediaType) }
  }
}

function choose(
  children: readonly Descriptor[],
  platform: string | undefined,
): Descriptor | undefined {
  const images = children.filter(
    (child) => isImageManifestMediaType(child.mediaType) && platformOf(child) !== 'unknown/unknown',
  )
  const isFor = (wanted: string) => images.find((image) => platformOf(image) === wanted)
  return platform === undefined ? (isFor(preferred) ?? images[0]) : isFor(platform)
}

function platformOf({ platform }: Descriptor): string | undefined {
  if (platform === undefined) return undefined
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
}

/** The steps that made a layer, in order. */
function stepsOf(config: JsonObject | undefined) {
  if (!config) return []
  return viewImage(config, Number.MAX_SAFE_INTEGER).history.filter((step) => !step.isEmptyLayer)
}

function diffIdsOf(config: JsonObject | undefined): (string | undefined)[] {
  const rootfs = isJsonObject(config?.rootfs) ? config.rootfs : {}
  const ids = Array.isArray(rootfs.diff_ids) ? (rootfs.diff_ids as unknown[]) : []
  return ids.map((id) => (typeof id === 'string' ? id.slice(0, 140) : undefined))
}
