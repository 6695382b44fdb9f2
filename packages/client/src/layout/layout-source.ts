import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, digestAlgorithm, makeDigest } from '@berth/oci/digest.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { isImageManifestMediaType, isIndexMediaType } from '@berth/oci/media-type.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'
import { ClientError } from '../client-error.ts'
import type { ContentSource, ManifestContent, ReadBlobOptions } from '../content.ts'
import { blobFile, type LayoutFiles } from './layout-files.ts'
import {
  checkLayoutVersion,
  type LayoutIndex,
  parseLayoutIndex,
  tagOfEntry,
} from './layout-index.ts'
import { ReferrerList } from './referrer-list.ts'

export const manifestMax = 4 * 1024 * 1024

/** Images in an OCI image layout, whatever holds its files. */
export class LayoutSource implements ContentSource {
  readonly name: string
  protected readonly files: LayoutFiles
  readonly #referrers: ReferrerList

  constructor(name: string, files: LayoutFiles) {
    this.name = name
    this.files = files
    this.#referrers = new ReferrerList((descriptor) => this.#readDescriptor(descriptor))
  }

  async resolve(reference: Reference): Promise<Descriptor | undefined> {
    const { manifests } = await this.readIndex()
    if (reference.kind === 'tag') return this.#entryOfTag(manifests, reference.tag)
    const entry = manifests.find(({ digest }) => digest === reference.digest)
    if (entry !== undefined) return plain(entry)
    return (await this.#readByDigest(reference.digest))?.descriptor
  }

  async readManifest(reference: Reference): Promise<ManifestContent> {
    const descriptor = await this.resolve(reference)
    const content = descriptor && (await this.#readDescriptor(descriptor))
    if (content !== undefined) return content
    const what = reference.kind === 'tag' ? `tag ${reference.tag}` : `manifest ${reference.digest}`
    throw new ClientError('notFound', `There is no ${what} in ${this.name}.`)
  }

  async openBlob(descriptor: Descriptor, options: ReadBlobOptions = {}): Promise<Readable> {
    const { start = 0, signal } = options
    const stream = await this.files.open(blobFile(descriptor.digest), start, signal)
    if (stream !== undefined) return stream
    throw new ClientError('notFound', `There is no blob ${descriptor.digest} in ${this.name}.`)
  }

  async *listReferrers(digest: Digest): AsyncIterable<Descriptor> {
    yield* await this.#referrers.of(digest, await this.readIndex())
  }

  async *listTags(): AsyncIterable<TagName> {
    const { manifests } = await this.readIndex()
    yield* new Set(manifests.flatMap((entry) => tagOfEntry(entry) ?? []).sort())
  }

  /** Whether the manifest is here and is reached from `index.json`. */
  protected async reaches(digest: Digest): Promise<boolean> {
    return this.#referrers.reaches(digest, await this.readIndex())
  }

  /** The only thing that a layout holds, which then needs no name. Throws `inputInvalid` when there are several, `notFound` when there is none. */
  async soleReference(): Promise<Reference> {
    const { manifests } = await this.readIndex()
    const roots = new Set(manifests.map(({ digest }) => digest))
    const [digest] = roots
    if (digest === undefined) throw new ClientError('notFound', `${this.name} holds no image.`)
    if (roots.size === 1) return { kind: 'digest', digest }
    const tags = [...new Set(manifests.flatMap((entry) => tagOfEntry(entry) ?? []))]
    const latest = tags.find((tag) => tag === 'latest')
    if (latest !== undefined) return { kind: 'tag', tag: latest }
    throw new ClientError('inputInvalid', `${this.name} holds ${roots.size} images.`, {
      next:
        tags.length === 0
          ? `Name one by its digest: ${this.name}@${digest}.`
          : `Name one: ${tags.slice(0, 10).join(', ')}.`,
    })
  }

  /** What `index.json` lists. Throws `notFound` when this is no layout, `inputInvalid` when it is a broken one. */
  async readIndex(): Promise<LayoutIndex> {
    const [version, index] = [
      await this.files.read('oci-layout', 4096),
      await this.files.read('index.json', manifestMax),
    ]
    if (index === undefined) {
      throw new ClientError(
        'notFound',
        `${this.name} is no OCI image layout: there is no index.json.`,
      )
    }
    // Old writers left it out.
    if (version !== undefined) checkLayoutVersion(version, this.name)
    return parseLayoutIndex(index, this.name)
  }

  #entryOfTag(entries: readonly Descriptor[], tag: TagName): Descriptor | undefined {
    const named = entries.filter((entry) => tagOfEntry(entry) === tag)
    const [first] = named
    if (first === undefined) return undefined
    if (named.some(({ digest }) => digest !== first.digest)) {
      throw new ClientError('inputInvalid', `${this.name} has several images named ${tag}.`, {
        next: `Name one by its digest: ${named.map(({ digest }) => digest).join(', ')}.`,
      })
    }
    return plain(first)
  }

  async #readByDigest(digest: Digest): Promise<ManifestContent | undefined> {
    const size = await this.files.size(blobFile(digest))
    if (size === undefined || size > manifestMax) return undefined
    const content = await this.#read(digest, undefined).catch((error: unknown) => {
      // Not every blob is a manifest.
      if (error instanceof ClientError && error.kind === 'inputInvalid') return undefined
      throw error
    })
    return content?.parsed.kind === 'opaque' ? undefined : content
  }

  async #readDescriptor(descriptor: Descriptor): Promise<ManifestContent | undefined> {
    const { mediaType, digest } = descriptor
    const isKnown = isImageManifestMediaType(mediaType) || isIndexMediaType(mediaType)
    return this.#read(digest, isKnown ? mediaType : undefined)
  }

  async #read(digest: Digest, mediaType: string | undefined): Promise<ManifestContent | undefined> {
    const bytes = await this.files.read(blobFile(digest), manifestMax)
    if (bytes === undefined) return undefined
    const algorithm = digestAlgorithm(digest)
    const actual = makeDigest(algorithm, createHash(algorithm).update(bytes).digest('hex'))
    if (actual !== digest) {
      throw new ClientError(
        'digestMismatch',
        `The manifest ${digest} in ${this.name} is damaged: its bytes have the digest ${actual}.`,
      )
    }
    const parsed = this.#parse(digest, bytes, mediaType)
    return {
      descriptor: { mediaType: parsed.mediaType, digest, size: bytes.length },
      bytes,
      parsed,
    }
  }

  #parse(digest: Digest, bytes: Buffer, mediaType: string | undefined): ParsedManifest {
    try {
      return parseManifest(bytes, mediaType)
    } catch (error) {
      if (!(error instanceof OciError)) throw error
      throw new ClientError('inputInvalid', `${digest} in ${this.name}: ${error.message}`, {
        cause: error,
      })
    }
  }
}

/** Without the annotations, which belong to the entry and not to what it points at. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size }
}
