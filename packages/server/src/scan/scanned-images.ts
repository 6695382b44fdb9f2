import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { isImageManifestMediaType } from '@berth/oci/media-type.ts'
import { type Reference, type RepositoryName, parseReference } from '@berth/oci/reference.ts'
import { LRUCache } from 'lru-cache'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { type ImageRow, findImages, readCatalogue } from '../metadata/images.ts'
import type { Manifests, StoredManifest } from '../registry/manifests.ts'
import { unpackJson } from './compressed-json.ts'

/** A manifest, and the images that it is or lists. */
export type ScannedManifest = {
  readonly stored: StoredManifest
  /** Each with the platform that the index says, if there is one; `row` is what is known of it. */
  readonly images: readonly {
    readonly digest: string
    readonly platform: string | undefined
    readonly row: ImageRow | undefined
  }[]
}

/** An image that was looked into. */
export type CataloguedImage = { readonly row: ImageRow; readonly catalogue: Catalogue }

/** Images of an index that are looked at. */
const imagesMax = 200
const keptCatalogues = 16
const preferred = 'linux/amd64'

/** Finds what scanning knows of what people name by repository, tag or digest. Whoever asks may pull there. */
export class ScannedImages {
  readonly #database: Database
  readonly #manifests: Manifests
  readonly #catalogues = new LRUCache<string, Catalogue>({ max: keptCatalogues })

  constructor(parts: { database: Database; manifests: Manifests }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
  }

  /** Throws `manifestUnknown`, `nameUnknown`. */
  async find(repository: RepositoryName, reference: Reference): Promise<ScannedManifest> {
    const stored = await this.#manifests.getManifest(repository, reference)
    const listed = listImages(stored, readStored(stored))
    const digests = listed.map(({ digest }) => digest)
    const rows = new Map(
      (await findImages(this.#database.read, digests)).map((row) => [row.digest, row]),
    )
    return { stored, images: listed.map((image) => ({ ...image, row: rows.get(image.digest) })) }
  }

  /**
   * The one image that is meant: of an index that of `platform`, without it `linux/amd64`, else the first. Throws
   * `notFound` when there is none, `conflict` as long as it is not known what is inside, `manifestUnknown`, `nameUnknown`.
   */
  async findCatalogued(
    repository: RepositoryName,
    reference: Reference,
    platform: string | undefined,
  ): Promise<CataloguedImage> {
    const { images } = await this.find(repository, reference)
    const image = choose(images, platform)
    if (image === undefined) {
      throw new BerthError(
        'notFound',
        platform === undefined
          ? 'This is no image, and lists none: there is nothing inside to look at.'
          : `There is no image for ${platform}. There are: ${images.map((one) => one.platform ?? one.row?.platform ?? 'unknown').join(', ')}.`,
      )
    }
    const { row } = image
    if (row?.state !== 'catalogued') throw notCatalogued(row)
    const catalogue = await this.catalogue(row)
    if (catalogue === undefined) throw notCatalogued(undefined)
    return { row, catalogue }
  }

  /** What is inside; `undefined` when it is gone. */
  async catalogue(row: ImageRow): Promise<Catalogue | undefined> {
    const key = `${row.digest} ${row.catalogued_at}`
    const kept = this.#catalogues.get(key)
    if (kept) return kept
    const packed = await readCatalogue(this.#database.read, row.digest)
    if (packed === undefined) return undefined
    const catalogue = await unpackJson<Catalogue>(packed)
    this.#catalogues.set(key, catalogue)
    return catalogue
  }

  /** The stored manifest of an image that was found before. */
  async manifest(
    repository: RepositoryName,
    digest: string,
  ): Promise<{ stored: StoredManifest; parsed: ParsedManifest }> {
    const stored = await this.#manifests.getManifest(repository, parseReference(digest))
    return { stored, parsed: parseManifest(stored.payload, stored.mediaType) }
  }
}

function readStored({ payload, mediaType }: StoredManifest): ParsedManifest {
  return parseManifest(payload, mediaType)
}

function listImages(
  { digest }: StoredManifest,
  manifest: ParsedManifest,
): { digest: string; platform: string | undefined }[] {
  if (manifest.kind === 'image') return [{ digest, platform: undefined }]
  return (
    manifest.manifests
      .filter(({ mediaType }) => isImageManifestMediaType(mediaType))
      .map((child) => ({ digest: child.digest, platform: platformOf(child) }))
      // What buildx adds are no images, and say so in this way.
      .filter(({ platform }) => platform !== 'unknown/unknown')
      .slice(0, imagesMax)
  )
}

function platformOf({ platform }: Descriptor): string | undefined {
  if (platform === undefined) return undefined
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
}

function choose(
  images: ScannedManifest['images'],
  platform: string | undefined,
): ScannedManifest['images'][number] | undefined {
  const isFor = (wanted: string) =>
    images.find((image) => (image.platform ?? image.row?.platform) === wanted)
  return platform === undefined ? (isFor(preferred) ?? images[0]) : isFor(platform)
}

function notCatalogued(row: ImageRow | undefined): BerthError {
  if (row === undefined) {
    return new BerthError('conflict', 'The image was not scanned yet. Ask for a scan.')
  }
  const why = {
    waiting: 'The image waits to be scanned.',
    failed: `The scan of the image failed: ${row.reason ?? 'nobody knows why.'}`,
    unsupported: `There is nothing to scan in it: ${row.reason ?? ''}`,
    catalogued: '',
  }[row.state]
  return new BerthError('conflict', why)
}
