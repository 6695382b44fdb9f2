import { createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { ClientError } from '../client-error.ts'
import type { BlobOutcome, ContentTarget, ManifestContent, PutBlobOptions } from '../content.ts'
import { BlobCheck } from '../layout/blob-check.ts'
import { reportBlob } from '../blob-report.ts'
import { blobFile } from '../layout/layout-files.ts'
import {
  formatLayoutIndex,
  imageNameAnnotation,
  type LayoutIndex,
  layoutVersion,
  withRoot,
} from '../layout/layout-index.ts'
import { digestOf } from './layer-packing.ts'
import { decompressor, type Spool } from './spool.ts'
import { TarWriter } from './tar-writer.ts'

type OpenBytes = (start: number, signal: AbortSignal) => Promise<Readable>

export type ArchiveTargetOptions = {
  /** `docker`: also what `docker load` and `podman load` read. `oci`: a layout and nothing else. */
  readonly format: 'docker' | 'oci'
  /** For messages: `docker-archive:api.tar`. */
  readonly name: string
  /** The whole name of an image with this tag, as engines are to know it; `undefined` when there is none. */
  readonly nameOf: (tag: TagName) => string | undefined
  readonly spool: Spool
  /** Says what an error of writing means, such as a full disk; `bytesNeeded` by what was being written. */
  readonly explain?: ((error: unknown, bytesNeeded: number) => Promise<unknown>) | undefined
}

/**
 * Writes an archive to a stream, one blob after the other as they come, each compared with its digest. Docker's format
 * is written as docker 25 does it: an OCI layout, whose digests survive, and a manifest.json over the same files for
 * older readers, which unpack gzip themselves. Layers in zstd, which docker 20.10 cannot, are unpacked for it, and then
 * there is no layout. A fault in the middle spoils the archive: nothing more is taken, and it must be thrown away.
 */
export class ArchiveTarget implements ContentTarget {
  readonly name: string
  readonly #options: ArchiveTargetOptions
  readonly #tar: TarWriter
  readonly #files = new Map<Digest, string>()
  readonly #manifests = new Map<Digest, ManifestContent>()
  readonly #tags = new Map<TagName, Digest>()
  #index: LayoutIndex = { manifests: [] }
  #isLayout = true
  #last: Promise<unknown> = Promise.resolve()
  #fault: Error | undefined

  constructor(sink: Writable, options: ArchiveTargetOptions) {
    this.name = options.name
    this.#options = options
    this.#tar = new TarWriter(sink)
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    return this.#manifests.has(digest)
  }

  putBlob(
    descriptor: Descriptor,
    open: OpenBytes,
    options: PutBlobOptions = {},
  ): Promise<BlobOutcome> {
    return this.#inTurn(async () => {
      if (this.#files.has(descriptor.digest)) return 'present'
      const signal = options.signal ?? new AbortController().signal
      return reportBlob(descriptor, options.onTransfer, async (onBytes) => {
        const isUnpacked =
          this.#options.format === 'docker' && descriptor.mediaType.endsWith('zstd')
        const check = new BlobCheck(descriptor, `on its way to ${this.name}`, onBytes)
        try {
          const bytes = await open(0, signal)
          if (isUnpacked) await this.#unpack(descriptor, bytes, check, signal)
          else await this.#copy(descriptor, bytes, check, signal)
          return 'sent'
        } catch (error) {
          if (signal.aborted) throw signal.reason
          throw (await this.#options.explain?.(error, descriptor.size)) ?? error
        }
      })
    })
  }

  putManifest(content: ManifestContent, tags: readonly TagName[]): Promise<void> {
    const { descriptor, bytes, parsed } = content
    if (this.#options.format === 'docker') this.#requireImage(content)
    return this.#inTurn(async () => {
      if (!this.#files.has(descriptor.digest)) {
        await this.#tar.add(blobFile(descriptor.digest), bytes)
        this.#files.set(descriptor.digest, blobFile(descriptor.digest))
      }
      this.#manifests.set(descriptor.digest, content)
      for (const tag of tags) this.#tags.set(tag, descriptor.digest)
      this.#index = withRoot(this.#index, {
        descriptor: {
          mediaType: descriptor.mediaType,
          digest: descriptor.digest,
          size: bytes.length,
        },
        tags,
        children: new Set(parsed.manifests.map(({ digest }) => digest)),
      })
    })
  }

  /** Writes the end. Throws what broke the archive before, if anything did. */
  finish(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#options.format === 'docker') {
        await this.#tar.add('manifest.json', Buffer.from(JSON.stringify(this.#dockerImages())))
      }
      if (this.#isLayout) {
        const manifests = this.#index.manifests.map((entry) => this.#withName(entry))
        await this.#tar.add('index.json', Buffer.from(formatLayoutIndex({ manifests })))
        await this.#tar.add('oci-layout', Buffer.from(layoutVersion))
      }
      await this.#tar.finish()
    })
  }

  async #copy(
    descriptor: Descriptor,
    bytes: Readable,
    check: BlobCheck,
    signal: AbortSignal,
  ): Promise<void> {
    const { digest, size } = descriptor
    const file = blobFile(digest)
    await this.#tar.begin(file, size)
    await pipeline(bytes, check, (pieces) => this.#writeAll(pieces), { signal })
    await this.#tar.end(size)
    this.#files.set(digest, file)
  }

  /** A header says the size before the content comes: what is unpacked has to be put aside first. */
  async #unpack(
    descriptor: Descriptor,
    bytes: Readable,
    check: BlobCheck,
    signal: AbortSignal,
  ): Promise<void> {
    this.#isLayout = false
    const stream = decompressor('zstd')
    const [{ path, size }] = await Promise.all([
      this.#options.spool.keep(stream, signal),
      pipeline(bytes, check, stream, { signal }),
    ])
    const file = blobFile(await digestOf(createReadStream(path)))
    await this.#tar.begin(file, size)
    await this.#writeAll(createReadStream(path, { highWaterMark: 1024 * 1024 }))
    await this.#tar.end(size)
    this.#files.set(descriptor.digest, file)
  }

  async #writeAll(pieces: AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of pieces) await this.#tar.write(piece)
  }

  /** An archive is written from front to back, so one at a time; and after a fault no more. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.#fault !== undefined) throw this.#fault
      try {
        return await work()
      } catch (error) {
        this.#fault ??= error instanceof Error ? error : new Error(String(error))
        throw error
      }
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  #requireImage({ descriptor, parsed }: ManifestContent): void {
    if (
      parsed.kind === 'image' &&
      /image\.(?:config\.)?v1\+json$/.test(parsed.config?.mediaType ?? '')
    )
      return
    throw new ClientError(
      'unsupported',
      `${this.name} takes images of one platform, and ${descriptor.digest} is ${parsed.kind === 'index' ? 'an index of several' : 'no image'}.`,
      { next: 'Choose one with --platform, or write an oci-archive.' },
    )
  }

  #dockerImages(): readonly object[] {
    const fileOf = (digest: Digest): string => this.#files.get(digest) ?? blobFile(digest)
    return [...this.#manifests.values()].map(({ descriptor, parsed }) => ({
      Config: parsed.config === undefined ? '' : fileOf(parsed.config.digest),
      RepoTags: [...this.#tags]
        .filter(([, digest]) => digest === descriptor.digest)
        .flatMap(([tag]) => this.#options.nameOf(tag) ?? []),
      Layers: parsed.layers.map(({ digest }) => fileOf(digest)),
    }))
  }

  /** containerd and podman take the whole name from here. */
  #withName(entry: Descriptor): Descriptor {
    for (const [tag, digest] of this.#tags) {
      if (digest !== entry.digest || entry.annotations === undefined) continue
      const name = this.#options.nameOf(tag)
      const isIt = Object.values(entry.annotations).includes(tag)
      if (!isIt || name === undefined) continue
      return { ...entry, annotations: { ...entry.annotations, [imageNameAnnotation]: name } }
    }
    return entry
  }
}
