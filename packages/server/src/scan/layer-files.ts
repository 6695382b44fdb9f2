import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { ScanLimit } from '@berth/scanner/detector.ts'
import type { LayerEntry, LayerListing } from '@berth/scanner/layers/layer-listing.ts'
import { LRUCache } from 'lru-cache'
import { setTimeout as wait } from 'node:timers/promises'
import { Gate } from '../access/gate.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../metadata/database.ts'
import { manifestsUsing, storedBlobs } from '../metadata/layers.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { Blobs } from '../registry/blobs.ts'
import { streamBlob } from './blob-stream.ts'
import { isFileSystemLayer } from './image-types.ts'
import type { LayerReader } from './layer-reader.ts'

export type LayerFilesView = {
  digest: string
  state: 'reading' | 'ready' | 'failed'
  reason: string | null
  progress: { bytes: number; totalBytes: number } | null
  path: string
  files: number
  size: number
  items: LayerFileView[]
  next: string | null
}

type LayerFileView = {
  name: string
  kind: LayerEntry['kind']
  size: number
  files: number | null
  mode: number | null
  uid: number | null
  gid: number | null
  modifiedAt: string | null
  target: string | null
}

type Reading = { bytes: number; readonly totalBytes: number; readonly done: Promise<void> }

/** Characters of lists that are kept; each is a byte, or two where names are not Latin. */
const keptLength = 64 * 1024 ** 2
const keptFailures = 500
const failureMs = 10 * 60_000
const readingMs = 5 * 60_000
const readAtOnce = 2
const waitingMax = 20
/** A small layer is answered at once. */
const patienceMs = 500
const lastMoment = 8_640_000_000_000

/** Lists the files of layers. A layer is read when somebody asks, in the scanner's child process, and its list kept for a while. */
export class LayerFiles {
  readonly #database: Database
  readonly #blobs: Blobs
  readonly #layers: LayerReader
  readonly #logger: Logger
  readonly #listings = new LRUCache<string, LayerListing>({
    maxSize: keptLength,
    sizeCalculation: (listing) => Math.max(1, listing.length),
  })
  readonly #failures = new LRUCache<string, string>({ max: keptFailures, ttl: failureMs })
  readonly #readings = new Map<string, Reading>()
  readonly #stopping = new AbortController()
  readonly #gate = new Gate({
    running: readAtOnce,
    waiting: waitingMax,
    refusal: 'Many layers are being read at the moment. Ask again in a while.',
  })

  constructor(parts: { database: Database; blobs: Blobs; layers: LayerReader; logger: Logger }) {
    this.#database = parts.database
    this.#blobs = parts.blobs
    this.#layers = parts.layers
    this.#logger = parts.logger
  }

  /**
   * The files in a directory of a layer, or how far the reading has come, which this begins. Throws `notFound` without
   * the layer or the directory, `conflict` for what is no layer of files, `requestInvalid` for a foreign `after`,
   * `rateLimited` when too many are being read.
   */
  async listFiles(
    repository: RepositoryName,
    digest: Digest,
    query: { path: string; after: string | undefined; limit: number },
  ): Promise<LayerFilesView> {
    const start = query.after === undefined ? 0 : readPosition(query.after)
    const path = query.path.split('/').filter(Boolean).join('/')
    const layer = await this.#find(repository, digest)
    if (!this.#listings.has(digest) && !this.#failures.has(digest)) {
      const reading = this.#readings.get(digest) ?? this.#begin(repository, layer)
      await Promise.race([reading.done, wait(patienceMs, undefined, { ref: false })])
    }
    const listing = this.#listings.get(digest)
    if (listing) return readyView(digest, listing, { path, start, limit: query.limit })
    const reason = this.#failures.get(digest) ?? null
    const { bytes = 0, totalBytes = layer.size } = this.#readings.get(digest) ?? {}
    return {
      digest,
      state: reason === null ? 'reading' : 'failed',
      reason,
      progress: reason === null ? { bytes, totalBytes } : null,
      path,
      files: 0,
      size: 0,
      items: [],
      next: null,
    }
  }

  /** Stops what is being read. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#readings.values()].map(({ done }) => done))
  }

  async #find(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    const { read } = this.#database
    const found = await findRepository(read, repository)
    if (!found) throw new BerthError('notFound', 'There is no such repository.')
    const users = await manifestsUsing(read, found.id, digest)
    const layers = users.flatMap((user) =>
      layersIn(user).filter((layer) => layer.digest === digest),
    )
    const layer = layers.find(({ mediaType }) => isFileSystemLayer(mediaType))
    const isStored = (await storedBlobs(read, found.id, [digest])).has(digest)
    if (layer && isStored) return layer
    if (layer) {
      throw new BerthError(
        'conflict',
        'The content of this layer is not stored here: it is fetched from somewhere else.',
      )
    }
    if (!isStored) throw new BerthError('notFound', 'There is no such layer in the repository.')
    throw new BerthError(
      'conflict',
      layers[0]
        ? `This is no layer of files: its media type is ${layers[0].mediaType}.`
        : 'No image of the repository has this as a layer, so it is not known what is in it.',
    )
  }

  #begin(repository: RepositoryName, layer: Descriptor): Reading {
    const reading: Reading = {
      bytes: 0,
      totalBytes: layer.size,
      // A turn later, so that a refusal of the gate finds it among the readings.
      done: Promise.resolve()
        .then(() => this.#gate.run(() => this.#read(repository, layer, reading)))
        .finally(() => this.#readings.delete(layer.digest)),
    }
    this.#readings.set(layer.digest, reading)
    reading.done.catch(() => {})
    return reading
  }

  async #read(repository: RepositoryName, layer: Descriptor, reading: Reading): Promise<void> {
    const timeout = AbortSignal.timeout(readingMs)
    try {
      const listed = await this.#layers.listFiles({
        stream: await streamBlob(this.#blobs, repository, layer.digest),
        mediaType: layer.mediaType,
        name: `layer ${layer.digest}`,
        signal: AbortSignal.any([timeout, this.#stopping.signal]),
        onProgress: (bytes) => {
          reading.bytes = bytes
        },
      })
      if (!('reason' in listed)) this.#listings.set(layer.digest, listed)
      // One that is larger than all that is kept could never be answered.
      if (!this.#listings.has(layer.digest)) {
        const tooLong = 'The list of its files is longer than what is kept.'
        this.#failures.set(layer.digest, 'reason' in listed ? listed.reason : tooLong)
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#failures.set(layer.digest, this.#reasonOf(error, timeout.aborted))
    }
  }

  /** What was not thrown on purpose may name paths or worse, so it stays in the log. */
  #reasonOf(error: unknown, isLate: boolean): string {
    if (isLate) return `It was not read within ${readingMs / 60_000} minutes.`
    if (error instanceof BerthError) return error.message
    if (error instanceof ScanLimit) return `It goes beyond what is read: ${error.message}.`
    this.#logger.error({ err: error }, 'the files of a layer could not be listed')
    return 'It could not be read; the log says why.'
  }
}

function readyView(
  digest: string,
  listing: LayerListing,
  { path, start, limit }: { path: string; start: number; limit: number },
): LayerFilesView {
  const entries = listing.page(path, start, limit + 1)
  if (!entries) throw new BerthError('notFound', 'There is no such directory in the layer.')
  const page = entries.slice(0, limit)
  return {
    digest,
    state: 'ready',
    reason: null,
    progress: null,
    path,
    ...listing.totals,
    items: page.map(toView),
    next: entries.length > page.length ? writeCursor(String(start + limit)) : null,
  }
}

function toView({ name, kind, size, mtime, ...entry }: LayerEntry): LayerFileView {
  return {
    name,
    kind,
    size,
    files: entry.files ?? null,
    mode: entry.mode ?? null,
    uid: entry.uid ?? null,
    gid: entry.gid ?? null,
    modifiedAt: mtime === undefined || Math.abs(mtime) > lastMoment ? null : momentOf(mtime),
    target: entry.target ?? null,
  }
}

/** `null` for a year that ISO 8601 writes with more than four digits. */
function momentOf(seconds: number): string | null {
  const text = new Date(seconds * 1000).toISOString()
  return text.length === 24 ? text : null
}

function layersIn(manifest: { media_type: string; payload: Uint8Array }): readonly Descriptor[] {
  try {
    return parseManifest(manifest.payload, manifest.media_type).layers
  } catch {
    // A former version may have accepted what this one does not.
    return []
  }
}

function readPosition(cursor: string): number {
  const [text = ''] = readCursor(cursor, 1)
  const position = Number(text)
  return Number.isSafeInteger(position) && position >= 0 ? position : 0
}
