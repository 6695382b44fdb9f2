import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { addAbortSignal, type Readable } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { parseImageConfig } from '@berth/oci/image-config.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { parseTagName, type Reference, type TagName } from '@berth/oci/reference.ts'
import { ClientError } from '../client-error.ts'
import type { ContentSource, ManifestContent, ReadBlobOptions } from '../content.ts'
import { Limited } from '../copy/limited.ts'
import { blobLabel } from '../blob-report.ts'
import type { TransferListener } from '../transfer.ts'
import { type ArchivedImage, isSameName, tagOfName } from './archive-manifest.ts'
import { digestOf, packLayer } from './layer-packing.ts'
import { compressionOf, type Spool } from './spool.ts'
import type { TarEntry, TarIndex } from './tar-index.ts'

const configMax = 4 * 1024 * 1024
const layerType = 'application/vnd.oci.image.layer.v1.tar'

export type DockerArchiveOptions = {
  /** `gzip` (the default) compresses layers that are not; `plain` offers them as they are. */
  readonly layers?: 'gzip' | 'plain' | undefined
  readonly onTransfer?: TransferListener | undefined
  readonly signal?: AbortSignal | undefined
}

type Place = { readonly entry: TarEntry } | { readonly path: string }

/**
 * Images in what `docker save` writes: configs and tars of layers, without manifests. The manifest is made here, and the
 * same archive always gives the same one. By default layers are compressed first, which has to be done before their
 * digests are known: it costs processor time once (35 MiB/s and core, see `layer-packing.ts`), where plain layers would
 * make every later push, pull and copy of the image two to three times as large. With `plain` nothing is compressed, the
 * digests are the diff ids, and no byte is read before it is asked for; that is for going back into an engine or an
 * archive. Layers that are compressed already stay as they are.
 */
export class DockerArchive implements ContentSource {
  readonly name: string
  readonly #tar: TarIndex
  readonly #spool: Spool
  readonly #images: readonly ArchivedImage[]
  readonly #options: DockerArchiveOptions
  readonly #prepared = new Map<ArchivedImage, Promise<ManifestContent>>()
  readonly #layers = new Map<string, Promise<Descriptor>>()
  readonly #blobs = new Map<Digest, Place>()
  readonly #packing = new Limited(availableParallelism())

  constructor(
    tar: TarIndex,
    spool: Spool,
    images: readonly ArchivedImage[],
    options: DockerArchiveOptions = {},
  ) {
    this.name = tar.name
    this.#tar = tar
    this.#spool = spool
    this.#images = images
    this.#options = options
  }

  /** The image of that name (`acme/api:1.0`), or the only one when none is given. Throws `notFound`, `inputInvalid`. */
  async find(name: string | undefined): Promise<Reference> {
    const found =
      name === undefined
        ? this.#images
        : this.#images.filter(({ names }) => names.some((each) => isSameName(each, name)))
    const [image] = found
    const names = this.#images.flatMap((each) => each.names)
    if (image === undefined) {
      throw new ClientError('notFound', `${this.name} does not hold ${name ?? 'any image'}.`, {
        next: names.length === 0 ? undefined : `It holds ${names.slice(0, 10).join(', ')}.`,
      })
    }
    if (found.length > 1) {
      throw new ClientError('inputInvalid', `${this.name} holds ${found.length} images.`, {
        next: names.length === 0 ? undefined : `Name one: ${names.slice(0, 10).join(', ')}.`,
      })
    }
    return { kind: 'digest', digest: (await this.#prepare(image)).descriptor.digest }
  }

  async resolve(reference: Reference): Promise<Descriptor | undefined> {
    return (await this.#content(reference))?.descriptor
  }

  async readManifest(reference: Reference): Promise<ManifestContent> {
    const content = await this.#content(reference)
    if (content !== undefined) return content
    const what = reference.kind === 'tag' ? `tag ${reference.tag}` : `manifest ${reference.digest}`
    throw new ClientError('notFound', `There is no ${what} in ${this.name}.`)
  }

  async openBlob({ digest }: Descriptor, options: ReadBlobOptions = {}): Promise<Readable> {
    const { start = 0, signal } = options
    const place = this.#blobs.get(digest)
    if (place === undefined) {
      throw new ClientError('notFound', `There is no blob ${digest} in ${this.name}.`)
    }
    if ('entry' in place) return this.#tar.stream(place.entry, start, signal)
    const stream = createReadStream(place.path, { start, highWaterMark: 1024 * 1024 })
    return signal === undefined ? stream : addAbortSignal(signal, stream)
  }

  /** An archive keeps nothing that refers to an image. */
  async *listReferrers(): AsyncIterable<Descriptor> {}

  async *listTags(): AsyncIterable<TagName> {
    const tags = this.#images.flatMap(({ names }) => names.flatMap((name) => tagOfName(name) ?? []))
    for (const tag of [...new Set(tags)].sort((a, b) => (a < b ? -1 : 1))) yield parseTagName(tag)
  }

  async #content(reference: Reference): Promise<ManifestContent | undefined> {
    if (reference.kind === 'digest') {
      for (const image of this.#images) {
        const content = await this.#prepare(image)
        if (content.descriptor.digest === reference.digest) return content
      }
      return undefined
    }
    const named = this.#images.filter(({ names }) =>
      names.some((name) => tagOfName(name) === reference.tag),
    )
    const [image] = named
    if (named.length > 1) {
      const names = named.flatMap((each) => each.names)
      throw new ClientError(
        'inputInvalid',
        `${this.name} holds several images with the tag ${reference.tag}.`,
        { next: `Name one in full: ${names.slice(0, 10).join(', ')}.` },
      )
    }
    return image && this.#prepare(image)
  }

  #prepare(image: ArchivedImage): Promise<ManifestContent> {
    const known = this.#prepared.get(image)
    if (known !== undefined) return known
    const content = this.#makeManifest(image)
    this.#prepared.set(image, content)
    return content
  }

  async #makeManifest(image: ArchivedImage): Promise<ManifestContent> {
    const bytes = await this.#tar.read(image.config, configMax)
    const entry = this.#tar.find(image.config)
    if (bytes === undefined || entry === undefined) throw this.#invalid('a config is missing')
    const { diffIds } = this.#parseConfig(bytes)
    if (diffIds.length !== image.layers.length) {
      throw this.#invalid(
        `a config names ${diffIds.length} layers and ${image.layers.length} are there`,
      )
    }
    const config = {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(bytes),
      size: bytes.length,
    }
    this.#blobs.set(config.digest, { entry })
    const layers = await Promise.all(
      image.layers.map((path, at) => this.#layer(path, diffIds[at] as Digest)),
    )
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers }),
    )
    return {
      descriptor: {
        mediaType: OCI_IMAGE_MANIFEST,
        digest: sha256(manifest),
        size: manifest.length,
      },
      bytes: manifest,
      parsed: parseManifest(manifest, OCI_IMAGE_MANIFEST),
    }
  }

  /** Images share layers, by path or by content. */
  #layer(path: string, diffId: Digest): Promise<Descriptor> {
    const key = `${diffId} ${path}`
    const known = this.#layers.get(key)
    if (known !== undefined) return known
    const layer = this.#readLayer(path, diffId)
    this.#layers.set(key, layer)
    return layer
  }

  async #readLayer(path: string, diffId: Digest): Promise<Descriptor> {
    const entry = this.#tar.find(path)
    if (entry === undefined) throw this.#invalid(`the layer ${path} is missing`)
    const compression = compressionOf(await this.#tar.peek(entry, 4))
    const { layers = 'gzip', signal } = this.#options
    if (compression !== 'none') {
      const digest = await digestOf(this.#tar.stream(entry, 0, signal))
      this.#blobs.set(digest, { entry })
      return { mediaType: `${layerType}+${compression}`, digest, size: entry.size }
    }
    if (layers === 'plain') {
      this.#blobs.set(diffId, { entry })
      return { mediaType: layerType, digest: diffId, size: entry.size }
    }
    const { path: packed, digest, size } = await this.#packing.run(() => this.#pack(entry, diffId))
    this.#blobs.set(digest, { path: packed })
    return { mediaType: `${layerType}+gzip`, digest, size }
  }

  async #pack(entry: TarEntry, diffId: Digest) {
    const { onTransfer, signal } = this.#options
    const id = `pack ${diffId}`
    const label = `pack ${blobLabel({ mediaType: layerType, digest: diffId, size: entry.size })}`
    onTransfer?.({ kind: 'started', id, label, total: entry.size })
    const packed = await packLayer(this.#tar.stream(entry, 0, signal), diffId, this.#spool, {
      name: this.name,
      signal,
      onBytes: (bytes) => onTransfer?.({ kind: 'advanced', id, bytes }),
    })
    onTransfer?.({ kind: 'finished', id, outcome: 'compressed' })
    return packed
  }

  #parseConfig(bytes: Buffer) {
    try {
      return parseImageConfig(bytes)
    } catch (error) {
      if (error instanceof OciError) throw this.#invalid('a config is no JSON object')
      throw error
    }
  }

  #invalid(fault: string): ClientError {
    return new ClientError('inputInvalid', `${this.name} cannot be read: ${fault}.`)
  }
}

function sha256(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}
