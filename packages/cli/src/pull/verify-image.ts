import { createHash } from 'node:crypto'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { compressionOf, decompressor } from '@berth/client/archive/spool.ts'
import { type ClientError, isClientError } from '@berth/client/client-error.ts'
import type { ContentSource, ManifestContent } from '@berth/client/content.ts'
import { Limited } from '@berth/client/copy/limited.ts'
import { BlobCheck } from '@berth/client/layout/blob-check.ts'
import { reportBlob } from '@berth/client/blob-report.ts'
import type { TransferListener } from '@berth/client/transfer.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, digestAlgorithm, makeDigest } from '@berth/oci/digest.ts'
import { parseImageConfig } from '@berth/oci/image-config.ts'
import {
  isForeignLayer,
  isImageManifestMediaType,
  isIndexMediaType,
} from '@berth/oci/media-type.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import type { Reference } from '@berth/oci/reference.ts'

export type VerifyOptions = {
  /** Signatures, SBOMs and what else refers to the image too. */
  readonly referrers: boolean
  /** Layers are unpacked and compared with the diff ids of the config. */
  readonly deep: boolean
  readonly parallel: number
  readonly onTransfer: TransferListener
  readonly signal: AbortSignal
}

/** Something that is not what it should be. `digest`: of the manifest or blob. */
export type Fault = { readonly digest: Digest; readonly message: string }

export type Verified = {
  /** Of what the reference points at. */
  readonly digest: Digest
  readonly manifests: number
  readonly blobs: number
  /** Of manifests and blobs together, each once. */
  readonly bytes: number
  /** Blobs that are kept elsewhere, by their `urls`. */
  readonly elsewhere: number
  readonly faults: readonly Fault[]
}

const configMax = 4 * 1024 * 1024
const depthMax = 8
const unpackedMax = 256 * 1024 ** 3

/**
 * Reads everything that an image consists of, all platforms, and compares each byte with its digest and size; compares
 * configs with layers. Goes on after a fault, so that all of them are found. Throws only when it cannot go on at all:
 * `notFound` for the image itself, no connection, no rights.
 */
export async function verifyImage(
  source: ContentSource,
  reference: Reference,
  options: VerifyOptions,
): Promise<Verified> {
  const verification = new Verification(source, options)
  const top = await source.readManifest(reference, options.signal)
  await verification.manifest(top, 0)
  return verification.result(top.descriptor.digest)
}

class Verification {
  readonly #source: ContentSource
  readonly #options: VerifyOptions
  readonly #limited: Limited
  readonly #manifests = new Set<Digest>()
  readonly #blobs = new Map<string, Promise<void>>()
  readonly #faults: Fault[] = []
  #bytes = 0
  #elsewhere = 0

  constructor(source: ContentSource, options: VerifyOptions) {
    this.#source = source
    this.#options = options
    this.#limited = new Limited(options.parallel)
  }

  result(digest: Digest): Verified {
    return {
      digest,
      manifests: this.#manifests.size,
      blobs: new Set([...this.#blobs.keys()].map((key) => key.split(' ')[0])).size,
      bytes: this.#bytes,
      elsewhere: this.#elsewhere,
      faults: this.#faults,
    }
  }

  async manifest(content: ManifestContent, depth: number): Promise<void> {
    const { descriptor, bytes, parsed } = content
    if (this.#manifests.has(descriptor.digest)) return
    this.#manifests.add(descriptor.digest)
    this.#bytes += bytes.length
    if (depth > depthMax) {
      this.#fault(descriptor.digest, `lies deeper than ${depthMax} levels in other manifests`)
      return
    }
    await this.#contentOf(content)
    for (const child of parsed.manifests) await this.#child(child, depth + 1)
    if (this.#options.referrers) {
      const { signal } = this.#options
      for await (const each of this.#source.listReferrers(descriptor.digest, signal)) {
        await this.#child(each, depth + 1)
      }
    }
  }

  /** An entry of an index or of a list of referrers. */
  async #child(child: Descriptor, depth: number): Promise<void> {
    const { mediaType, digest, size } = child
    if (!isImageManifestMediaType(mediaType) && !isIndexMediaType(mediaType)) {
      await this.#blob(child, undefined)
      return
    }
    const content = await this.#expecting(digest, () =>
      this.#source.readManifest({ kind: 'digest', digest }, this.#options.signal),
    )
    if (content === undefined) return
    if (content.bytes.length !== size) {
      this.#fault(digest, `has ${content.bytes.length} bytes, and an index says ${size}`)
    }
    await this.manifest(content, depth)
  }

  async #contentOf({ descriptor, parsed }: ManifestContent): Promise<void> {
    const { config, layers } = parsed
    const diffIds = config === undefined ? undefined : await this.#diffIds(config)
    if (diffIds !== undefined && diffIds.length !== layers.length) {
      this.#fault(
        descriptor.digest,
        `has ${layers.length} layers, and its config names ${diffIds.length}`,
      )
    }
    const isDeep = this.#options.deep && diffIds?.length === layers.length
    await Promise.all([
      ...(config === undefined ? [] : [this.#blob(config, undefined)]),
      ...layers.map((layer, at) => this.#blob(layer, isDeep ? diffIds[at] : undefined)),
    ])
  }

  /** `undefined` when the config is none of an image, or cannot be read, which is told elsewhere. */
  async #diffIds(config: Descriptor): Promise<readonly Digest[] | undefined> {
    if (!/image\.(?:config\.)?v1\+json$/.test(config.mediaType) || config.size > configMax) {
      return undefined
    }
    const { signal } = this.#options
    try {
      const pieces: Buffer[] = []
      const check = new BlobCheck(config, `in ${this.#source.name}`)
      await pipeline(
        await this.#source.openBlob(config, { signal }),
        check,
        async (all: AsyncIterable<Buffer>) => {
          for await (const piece of all) pieces.push(piece)
        },
        { signal },
      )
      return parseImageConfig(Buffer.concat(pieces)).diffIds
    } catch (error) {
      if (error instanceof OciError) {
        this.#fault(config.digest, 'is no config of an image')
        return undefined
      }
      // Reading it again as a blob finds the same and tells it.
      if (isClientError(error, 'digestMismatch', 'notFound')) return undefined
      throw error
    }
  }

  /** Each blob once, and once more for each diff id that it is said to have. */
  #blob(descriptor: Descriptor, diffId: Digest | undefined): Promise<void> {
    if (isForeignLayer(descriptor.mediaType) && descriptor.urls !== undefined) {
      this.#elsewhere += 1
      return Promise.resolve()
    }
    const key = `${descriptor.digest} ${descriptor.size} ${diffId ?? ''}`
    const known = this.#blobs.get(key)
    if (known !== undefined) return known
    const work = this.#limited.run(async () => {
      await this.#expecting(descriptor.digest, () => this.#readBlob(descriptor, diffId))
    })
    this.#blobs.set(key, work)
    return work
  }

  async #readBlob(descriptor: Descriptor, diffId: Digest | undefined): Promise<void> {
    const { onTransfer, signal } = this.#options
    signal.throwIfAborted()
    await reportBlob(descriptor, onTransfer, async (onBytes) => {
      const check = new BlobCheck(descriptor, `in ${this.#source.name}`, onBytes)
      const bytes = await this.#source.openBlob(descriptor, { signal })
      if (diffId === undefined) await pipeline(bytes, check, drain, { signal })
      else await this.#readLayer(bytes, check, { digest: descriptor.digest, diffId })
      this.#bytes += descriptor.size
      return 'sent'
    })
  }

  async #readLayer(
    bytes: Readable,
    check: BlobCheck,
    { digest, diffId }: { digest: Digest; diffId: Digest },
  ): Promise<void> {
    const { signal } = this.#options
    const packed = new PassThrough()
    const hash = createHash(digestAlgorithm(diffId))
    // What cannot be unpacked is still read to its end, to see whether it is what was pushed.
    const outcome = unpack(packed, hash).catch((error: unknown) => {
      packed.destroy()
      return error instanceof Error ? error.message : String(error)
    })
    try {
      await pipeline(bytes, check, (pieces) => feed(packed, pieces), { signal })
    } catch (error) {
      packed.destroy()
      await outcome
      throw error
    }
    const fault = await outcome
    if (fault !== undefined) this.#fault(digest, `cannot be unpacked: ${fault}`)
    else {
      const actual = makeDigest(digestAlgorithm(diffId), hash.digest('hex'))
      if (actual !== diffId) {
        this.#fault(digest, `unpacks to ${actual}, and the config names ${diffId}`)
      }
    }
  }

  /** Turns what is wrong with content into a fault; anything else is thrown. */
  async #expecting<T>(digest: Digest, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!isClientError(error, 'digestMismatch', 'notFound', 'inputInvalid')) throw error
      this.#faults.push({ digest, message: wordsOf(error, digest) })
      return undefined
    }
  }

  #fault(digest: Digest, predicate: string): void {
    this.#faults.push({ digest, message: `${digest} in ${this.#source.name} ${predicate}.` })
  }
}

/** Writes as long as there is somebody who reads. */
async function feed(packed: PassThrough, pieces: AsyncIterable<Buffer>): Promise<void> {
  const closed = new Promise<void>((resolve) => packed.once('close', resolve))
  packed.on('error', () => {})
  for await (const piece of pieces) {
    if (packed.destroyed || packed.write(piece)) continue
    await Promise.race([new Promise<void>((resolve) => packed.once('drain', resolve)), closed])
  }
  packed.end()
}

/** Hashes what a layer holds unpacked; gives nothing, throws what is wrong with its compression. */
async function unpack(
  packed: PassThrough,
  hash: ReturnType<typeof createHash>,
): Promise<undefined> {
  let size = 0
  const compression = compressionOf(await firstPiece(packed))
  const inner = compression === 'none' ? new PassThrough() : decompressor(compression)
  await pipeline(packed, inner, async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) {
      hash.update(piece)
      size += piece.length
      if (size > unpackedMax) throw new Error(`it unpacks to more than ${unpackedMax} bytes`)
    }
  })
}

/** The first bytes, left in the stream. */
async function firstPiece(stream: PassThrough): Promise<Buffer> {
  for (;;) {
    const piece: unknown = stream.read()
    if (Buffer.isBuffer(piece)) {
      stream.unshift(piece)
      return piece
    }
    if (stream.readableEnded || stream.destroyed) return Buffer.alloc(0)
    await new Promise<void>((resolve) => {
      const go = (): void => {
        stream.off('readable', go).off('end', go).off('close', go)
        resolve()
      }
      stream.once('readable', go).once('end', go).once('close', go)
    })
  }
}

async function drain(pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of pieces) void piece
}

function wordsOf(error: ClientError, digest: Digest): string {
  return error.message.includes(digest) ? error.message : `${digest}: ${error.message}`
}
