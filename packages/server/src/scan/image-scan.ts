import { type Catalogue, catalogueVersion, type LayerCatalogue } from '@berth/scanner/catalogue.ts'
import { ScanLimit } from '@berth/scanner/detector.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { type RepositoryName, parseReference } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import {
  type ImageFacts,
  findImage,
  lockImage,
  repositoriesHolding,
  saveCatalogue,
  updateImage,
} from '../metadata/images.ts'
import { findLayerCatalogue, keepLayerCatalogue } from '../metadata/layer-catalogues.ts'
import { ensurePackages, replaceImagePackages } from '../metadata/packages.ts'
import type { Blobs } from '../registry/blobs.ts'
import { readImageConfig } from '../registry/image-config.ts'
import type { Manifests } from '../registry/manifests.ts'
import { streamBlob } from './blob-stream.ts'
import { packJson, unpackJson } from './compressed-json.ts'
import { distinctPackages } from './distinct-package.ts'
import { isFileSystemLayer } from './image-types.ts'
import type { LayerReader } from './layer-reader.ts'
import type { Matching } from './matching.ts'
import type { ScanOrders } from './orders.ts'

/** Who has to know the names of all packages. Told in the transaction in which they come. */
export interface PackageIndex {
  addPackages(tx: Transaction, names: readonly string[]): Promise<void>
}

export type ScanProgress = { layer: number; layers: number; bytes: number; totalBytes: number }

type Run = { digest: string; signal: AbortSignal; onProgress(progress: ScanProgress): void }

type Image = { repository: RepositoryName; manifest: ParsedManifest; config: JsonObject }

/** Something makes it impossible to look into an image; another try would end likewise. For people. */
class Unscannable extends Error {
  readonly state: 'failed' | 'unsupported'

  constructor(state: 'failed' | 'unsupported', message: string) {
    super(message)
    this.state = state
  }
}

const textMax = 500

/** Looks into images: what is in their layers, and which vulnerabilities that has. */
export class ImageScanning {
  readonly #database: Database
  readonly #manifests: Manifests
  readonly #blobs: Blobs
  readonly #layers: LayerReader
  readonly #matching: Matching
  readonly #packageIndex: PackageIndex
  readonly #orders: ScanOrders
  readonly #timeoutMs: number
  readonly #now: () => number

  constructor(parts: {
    database: Database
    manifests: Manifests
    blobs: Blobs
    layers: LayerReader
    matching: Matching
    packageIndex: PackageIndex
    orders: ScanOrders
    timeoutMs: number
    now: () => number
  }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
    this.#layers = parts.layers
    this.#matching = parts.matching
    this.#packageIndex = parts.packageIndex
    this.#orders = parts.orders
    this.#timeoutMs = parts.timeoutMs
    this.#now = parts.now
  }

  /**
   * Scans one image. What is wrong with the image becomes its state; thrown is only what another try may mend. Stopped by
   * the signal it returns, and what was read so far is kept.
   */
  async scan(run: Run): Promise<{ state: string }> {
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const signal = AbortSignal.any([run.signal, timeout])
    try {
      const state = await this.#scan({ ...run, signal })
      return { state }
    } catch (error) {
      if (run.signal.aborted) return { state: 'stopped' }
      const reason = timeout.aborted
        ? `It was not read within ${Math.round(this.#timeoutMs / 60_000)} minutes.`
        : reasonOf(error)
      const state = error instanceof Unscannable ? error.state : 'failed'
      await this.#note(run.digest, state, reason)
      const isFinal = timeout.aborted || error instanceof Unscannable || error instanceof ScanLimit
      if (isFinal) return { state }
      throw error
    }
  }

  async #scan(run: Run): Promise<string> {
    const known = await findImage(this.#database.read, run.digest)
    if (known === undefined) return 'gone'
    const isRead = known.state === 'catalogued' && known.catalogue_version >= catalogueVersion
    if (!isRead) {
      const image = await this.#readImage(run.digest)
      if (image === undefined) return 'gone'
      const catalogue = await this.#catalogue(image, run)
      if (!(await this.#store(run.digest, image, catalogue))) return 'gone'
    }
    await this.#matching.matchImage(run.digest)
    const holders = await repositoriesHolding(this.#database.read, run.digest)
    await this.#database.relaxedTransaction(async (tx) => {
      for (const { id } of holders) await this.#orders.orderTracking(tx, id)
    })
    return 'catalogued'
  }

  /** From whichever repository has it: what is inside is the same everywhere. */
  async #readImage(digest: string): Promise<Image | undefined> {
    const [holder] = await repositoriesHolding(this.#database.read, digest)
    if (holder === undefined) return undefined
    const repository = holder.name as RepositoryName
    const stored = await this.#manifests.getManifest(repository, parseReference(digest))
    const manifest = parseManifest(stored.payload, stored.mediaType)
    if (!manifest.layers.some(({ mediaType }) => isFileSystemLayer(mediaType))) {
      throw new Unscannable('unsupported', 'It holds no layers of files, so it is no image to run.')
    }
    const read = await readImageConfig(this.#blobs, repository, manifest.config)
    if (read === undefined) throw new Unscannable('unsupported', 'It is an artifact and no image.')
    if (read.config === undefined) {
      throw new Unscannable('failed', `The configuration ${read.unreadable}.`)
    }
    return { repository, manifest, config: read.config }
  }

  async #catalogue({ repository, manifest, config }: Image, run: Run): Promise<Catalogue> {
    const { layers } = manifest
    const totalBytes = layers.reduce((sum, { size }) => sum + size, 0)
    const catalogues: LayerCatalogue[] = []
    let bytes = 0
    for (const [index, layer] of layers.entries()) {
      run.signal.throwIfAborted()
      const tell = (read: number) =>
        run.onProgress({ layer: index + 1, layers: layers.length, bytes: bytes + read, totalBytes })
      tell(0)
      catalogues.push(await this.#layer(repository, layer, { ...run, tell }))
      bytes += layer.size
    }
    // Loaded with the first scan: the server starts faster without.
    const { mergeLayers } = await import('@berth/scanner/layers/merge.ts')
    const catalogue = mergeLayers(catalogues)
    return {
      ...catalogue,
      notCovered: [...catalogue.notCovered, ...mismatches(config, catalogues)],
    }
  }

  /** The digest is the only name of a layer that cannot lie, so what is known is kept under it. */
  async #layer(
    repository: RepositoryName,
    { digest, mediaType }: Descriptor,
    { signal, tell }: { signal: AbortSignal; tell: (bytes: number) => void },
  ): Promise<LayerCatalogue> {
    const known = await findLayerCatalogue(this.#database.read, digest, catalogueVersion)
    if (known) return unpackJson<LayerCatalogue>(known)
    const layer = await this.#layers.catalogueLayer({
      stream: await this.#open(repository, digest),
      mediaType,
      name: `layer ${digest}`,
      signal,
      onProgress: tell,
    })
    // One that was not read to its end is tried again with the next image that has it.
    if (layer.diffId !== '') {
      const catalogue = await packJson(layer)
      const now = this.#iso()
      await this.#database.relaxedTransaction((tx) =>
        keepLayerCatalogue(tx, {
          digest,
          diffId: layer.diffId,
          version: catalogueVersion,
          catalogue,
          now,
        }),
      )
    }
    return layer
  }

  /** `undefined` for a layer that need not be here, such as one of Windows that is fetched elsewhere. */
  async #open(repository: RepositoryName, digest: Digest) {
    try {
      return await streamBlob(this.#blobs, repository, digest)
    } catch (error) {
      if (error instanceof BerthError && error.kind === 'blobUnknown') return undefined
      throw error
    }
  }

  async #store(digest: string, image: Image, catalogue: Catalogue): Promise<boolean> {
    const packages = distinctPackages(catalogue)
    const packed = await packJson(catalogue)
    return this.#database.transaction(async (tx) => {
      if (!(await lockImage(tx, digest))) return false
      const ids = await ensurePackages(tx, packages)
      const names = packages.map(({ name }) => name)
      await this.#packageIndex.addPackages(tx, names)
      await replaceImagePackages(tx, digest, [...ids.values()])
      await saveCatalogue(tx, digest, packed)
      return updateImage(tx, digest, {
        state: 'catalogued',
        reason: null,
        ...factsOf(image, catalogue),
        catalogue_version: catalogue.version,
        catalogued_at: this.#iso(),
        // Findings follow; until then nobody must take it for compared.
        data_revision: 0,
        matched_at: null,
        data_built_at: null,
      })
    })
  }

  /** What was known before stays in force. */
  async #note(digest: string, state: 'failed' | 'unsupported', reason: string): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const known = await lockImage(tx, digest)
      if (!known) return
      const facts: ImageFacts = known.state === 'catalogued' ? { reason } : { state, reason }
      await updateImage(tx, digest, facts)
    })
  }

  #iso(): string {
    return new Date(this.#now()).toISOString()
  }
}

/** A lie in the configuration would let somebody borrow the good name of another layer. */
function mismatches(config: JsonObject, layers: readonly LayerCatalogue[]) {
  const rootfs = isJsonObject(config.rootfs) ? config.rootfs : {}
  const claimed = Array.isArray(rootfs.diff_ids) ? rootfs.diff_ids : []
  if (claimed.length !== layers.length) {
    return [
      {
        path: 'configuration',
        reason: `It names ${claimed.length} layers where the manifest has ${layers.length}.`,
      },
    ]
  }
  return layers.flatMap(({ diffId }, index) =>
    diffId === '' || claimed[index] === diffId
      ? []
      : [
          {
            path: `layer ${index + 1}`,
            reason: `The configuration says that it is ${shown(claimed[index])}, but its content is ${diffId}.`,
          },
        ],
  )
}

function factsOf({ manifest, config }: Image, catalogue: Catalogue): ImageFacts {
  const { distribution } = catalogue
  const settings = isJsonObject(config.config) ? config.config : {}
  const platform = [config.os, config.architecture, config.variant]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('/')
  const sizes = [manifest.config, ...manifest.layers].map((part) => part?.size ?? 0)
  return {
    platform: platform === '' ? null : platform.slice(0, textMax),
    distribution_id: distribution?.id ?? null,
    distribution_release: distribution?.release ?? null,
    distribution_name: distribution?.name ?? null,
    end_of_life: distribution?.endOfLife ?? null,
    config_user: text(settings.User) ?? '',
    image_created_at: moment(config.created),
    base_name: text(manifest.annotations['org.opencontainers.image.base.name']),
    base_digest: text(manifest.annotations['org.opencontainers.image.base.digest']),
    size: sizes.reduce((sum, size) => sum + size, 0),
    layers: manifest.layers.length,
    packages: catalogue.packages.length,
    not_covered: catalogue.notCovered.length,
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.replaceAll('\0', '').slice(0, textMax) : null
}

function moment(value: unknown): string | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : 'something else'
}

/** What was not thrown on purpose may name paths or worse, so it stays in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof Unscannable || error instanceof BerthError) return error.message
  if (error instanceof ScanLimit) return `It goes beyond what is read: ${error.message}.`
  if (error instanceof Error && error.name === 'ScanFailed') return error.message
  return 'The scan failed unexpectedly; the log says how.'
}
