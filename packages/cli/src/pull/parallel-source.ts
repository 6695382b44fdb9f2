import { Readable } from 'node:stream'
import type { ContentSource, ManifestContent, ReadBlobOptions } from '@berth/client/content.ts'
import { Limited } from '@berth/client/copy/limited.ts'
import { type BlobRange, readResuming } from '@berth/client/copy/resuming-blob.ts'
import type { RepositoryAddress } from '@berth/client/image-reference.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'

const segmentBytes = 8 * 1024 * 1024
/** Of one blob; so many segments are held in memory at most. */
const aheadMax = 4

/**
 * Reads blobs through several connections: a large one in segments that are fetched at the same time and handed on in
 * order, which is what helps where each connection is slow. A connection that breaks off is taken up again where it was.
 * At most 32 MiB of a blob are in memory, and at most `parallel` segments are fetched at a time.
 */
export class ParallelSource implements ContentSource {
  readonly name: string
  readonly address: RepositoryAddress | undefined
  readonly #inner: ContentSource
  readonly #fetches: Limited

  constructor(inner: ContentSource, parallel: number) {
    this.name = inner.name
    this.address = inner.address
    this.#inner = inner
    this.#fetches = new Limited(parallel)
  }

  resolve(reference: Reference, signal?: AbortSignal): Promise<Descriptor | undefined> {
    return this.#inner.resolve(reference, signal)
  }

  readManifest(reference: Reference, signal?: AbortSignal): Promise<ManifestContent> {
    return this.#inner.readManifest(reference, signal)
  }

  listReferrers(digest: Digest, signal?: AbortSignal): AsyncIterable<Descriptor> {
    return this.#inner.listReferrers(digest, signal)
  }

  listTags(signal?: AbortSignal): AsyncIterable<TagName> {
    return this.#inner.listTags(signal)
  }

  async openBlob(descriptor: Descriptor, options: ReadBlobOptions = {}): Promise<Readable> {
    const { start = 0, signal } = options
    const isLarge = descriptor.size - start > 2 * segmentBytes
    const pieces = isLarge
      ? this.#segments(descriptor, start, signal)
      : readResuming(this.#inner, descriptor, { start, end: descriptor.size, signal })
    return Readable.from(pieces, { objectMode: false, highWaterMark: 1024 * 1024 })
  }

  async *#segments(
    descriptor: Descriptor,
    start: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Buffer> {
    const stop = new AbortController()
    const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
    const ahead: Promise<Buffer>[] = []
    let next = start
    const fill = (): void => {
      while (ahead.length < aheadMax && next < descriptor.size) {
        const range = { start: next, end: Math.min(next + segmentBytes, descriptor.size) }
        const segment = this.#fetches.run(() =>
          this.#gather(descriptor, { ...range, signal: both }),
        )
        // A failure is thrown when its turn comes.
        segment.catch(() => {})
        ahead.push(segment)
        next = range.end
      }
    }
    try {
      fill()
      for (let first = ahead.shift(); first !== undefined; first = ahead.shift()) {
        const segment = await first
        fill()
        yield segment
      }
    } finally {
      stop.abort()
    }
  }

  async #gather(descriptor: Descriptor, range: BlobRange): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of readResuming(this.#inner, descriptor, range)) pieces.push(piece)
    return Buffer.concat(pieces)
  }
}
