import { Readable } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { isForeignLayer } from '@berth/oci/media-type.ts'
import type { BlobOutcome, ContentSource, ContentTarget, ManifestContent } from '../content.ts'
import { formatRepositoryAddress } from '../image-reference.ts'
import type { TransferListener } from '../transfer.ts'
import { allSettled, Limited } from './limited.ts'
import { readResuming } from './resuming-blob.ts'

export type CopyOptions = {
  /** Blobs under way at a time. Default 6. */
  readonly blobsAtOnce?: number | undefined
  /** Manifests under way at a time. Default 16. */
  readonly manifestsAtOnce?: number | undefined
  readonly onTransfer?: TransferListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** What became of everything that was copied so far. */
export type CopyCounts = {
  readonly manifests: { readonly sent: number; readonly present: number }
  /** Blobs by how they came to be there. */
  readonly blobs: Readonly<Record<BlobOutcome, number>>
  /** Bytes of the blobs that were sent; of a resumed one all of them. */
  readonly bytesSent: number
}

/**
 * What copies of one run have in common: how many may be under way, and what is where by now, so that a blob that many
 * images share is sent to a registry once and mounted from then on.
 */
export class CopySession {
  readonly signal: AbortSignal
  readonly #blobs: Limited
  readonly #manifests: Limited
  readonly #onTransfer: TransferListener | undefined
  /** By target and digest: everything that is there, or under way. */
  readonly #there = new Map<string, Promise<unknown>>()
  /** By registry and digest: the repository that a blob went to first. */
  readonly #holders = new Map<string, { repository: string; done: Promise<unknown> }>()
  readonly #counts = {
    manifests: { sent: 0, present: 0 },
    blobs: { present: 0, mounted: 0, sent: 0, resumed: 0 },
    bytesSent: 0,
  }

  constructor({ blobsAtOnce = 6, manifestsAtOnce = 16, onTransfer, signal }: CopyOptions = {}) {
    this.#blobs = new Limited(blobsAtOnce)
    this.#manifests = new Limited(manifestsAtOnce)
    this.#onTransfer = onTransfer
    this.signal = signal ?? new AbortController().signal
  }

  get counts(): CopyCounts {
    return this.#counts
  }

  /** Reading or writing a manifest, within what may be under way. */
  manifest<T>(work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted()
    return this.#manifests.run(work)
  }

  /** Does the work for a digest at a target once, however many ask for it. */
  once(target: ContentTarget, digest: Digest, work: () => Promise<void>): Promise<unknown> {
    const key = `${target.name} ${digest}`
    const known = this.#there.get(key)
    if (known !== undefined) return known
    const done = work().catch((error: unknown) => {
      // The next image that needs it tries again.
      this.#there.delete(key)
      throw error
    })
    this.#there.set(key, done)
    return done
  }

  noteManifest(outcome: 'sent' | 'present'): void {
    this.#counts.manifests[outcome] += 1
  }

  /** Brings the blobs of a manifest to the target. Those that are fetched from elsewhere by their `urls` stay there. */
  blobsOf(content: ManifestContent, source: ContentSource, target: ContentTarget): Promise<void> {
    const { config, layers } = content.parsed
    const descriptors = new Map<Digest, Descriptor>()
    for (const each of [...(config === undefined ? [] : [config]), ...layers]) {
      const isElsewhere = isForeignLayer(each.mediaType) && each.urls !== undefined
      if (!isElsewhere) descriptors.set(each.digest, each)
    }
    return allSettled(
      [...descriptors.values()].map((descriptor) => this.blob(descriptor, source, target)),
    )
  }

  blob(descriptor: Descriptor, source: ContentSource, target: ContentTarget): Promise<unknown> {
    return this.once(target, descriptor.digest, () => this.#blob(descriptor, source, target))
  }

  async #blob(descriptor: Descriptor, source: ContentSource, target: ContentTarget): Promise<void> {
    const registry = target.address?.registry
    const key = `${registry} ${descriptor.digest}`
    const holder = registry === undefined ? undefined : this.#holders.get(key)
    // Waiting takes no place of those that are under way, or they could wait for one another.
    await holder?.done.catch(() => {})
    const mountFrom = new Set<string>()
    if (holder !== undefined) mountFrom.add(holder.repository)
    if (registry !== undefined && source.address?.registry === registry) {
      mountFrom.add(source.address.repository)
    }
    const done = this.#blobs.run(async () => {
      this.signal.throwIfAborted()
      const outcome = await target.putBlob(
        descriptor,
        (start, signal) => open(descriptor, source, target, { start, signal }),
        { mountFrom: [...mountFrom], onTransfer: this.#onTransfer, signal: this.signal },
      )
      this.#counts.blobs[outcome] += 1
      if (outcome === 'sent' || outcome === 'resumed') this.#counts.bytesSent += descriptor.size
    })
    if (target.address !== undefined && holder === undefined) {
      this.#holders.set(key, { repository: target.address.repository, done })
    }
    await done
  }
}

/** A registry takes up its uploads where they broke off, and asks for the rest itself; other targets cannot. */
async function open(
  descriptor: Descriptor,
  source: ContentSource,
  target: ContentTarget,
  { start, signal }: { start: number; signal: AbortSignal },
): Promise<Readable> {
  if (target.address !== undefined || source.address === undefined) {
    return source.openBlob(descriptor, { start, signal })
  }
  const pieces = readResuming(source, descriptor, { start, end: descriptor.size, signal })
  return Readable.from(pieces, { objectMode: false, highWaterMark: 1024 * 1024 })
}

/** Where both are the same place, nothing has to be copied. */
export function isSamePlace(source: ContentSource, target: ContentTarget): boolean {
  return (
    source.address !== undefined &&
    target.address !== undefined &&
    formatRepositoryAddress(source.address) === formatRepositoryAddress(target.address)
  )
}
