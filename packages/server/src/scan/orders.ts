import { catalogueVersion } from '@berth/scanner/catalogue.ts'
import { isImageManifestMediaType } from '@berth/oci/media-type.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Transaction } from '../metadata/database.ts'
import { findImage, insertImage, setScanJob } from '../metadata/images.ts'
import type { RegistryEvent } from '../registry/admission.ts'
import { imageConfigTypes } from './image-types.ts'

/** Lower comes first: a rescan of everything never starves a push. */
export const scanPriority = { push: 10, onDemand: 15, newData: 40, schedule: 45 } as const

/** A push sets several tags, and each of them changes what a repository has. */
const trackAfterMs = 1000

/** Asks for scans and for what follows from tags, in the transactions of the writes. Nothing is read there. */
export class ScanOrders {
  readonly #queue: JobQueue
  readonly #isEnabled: boolean
  readonly #now: () => number

  constructor(parts: { queue: JobQueue; isEnabled: boolean; now: () => number }) {
    this.#queue = parts.queue
    this.#isEnabled = parts.isEnabled
    this.#now = parts.now
  }

  /** Called for every event of the registry, in its transaction. */
  async record(tx: Transaction, event: RegistryEvent): Promise<void> {
    if (!this.#isEnabled) return
    switch (event.kind) {
      case 'manifestPushed':
        if (isScanned(event)) await this.#orderOnPush(tx, event.digest)
        return
      case 'tagCreated':
      case 'tagMoved':
      case 'tagDeleted':
        await this.orderTracking(tx, event.repository.id, this.#now() + trackAfterMs)
        return
      case 'repositoryCreated':
      case 'repositoryRemoved':
      // What belongs to a manifest goes later, with the job `trim-scans`.
      case 'manifestDeleted':
      case 'blobLinked':
      case 'blobUnlinked':
    }
  }

  /** Asks for a scan, or puts the one that waits forward. The image must be known. */
  async orderScan(
    tx: Transaction,
    digest: string,
    options: { priority: number; requestedBy?: string },
  ): Promise<void> {
    const job = await this.#queue.enqueue(tx, { name: 'scan-image', payload: { digest } }, options)
    if (job !== undefined) await setScanJob(tx, digest, job)
  }

  /** Asks for a look at what the tagged images of a repository have. */
  async orderTracking(tx: Transaction, repository: number, runAt = this.#now()): Promise<void> {
    const job = { name: 'track-findings', payload: { repository } } as const
    await this.#queue.enqueue(tx, job, { runAt })
  }

  async #orderOnPush(tx: Transaction, digest: string): Promise<void> {
    if (!(await insertImage(tx, digest))) {
      const known = await findImage(tx, digest)
      if (known?.state === 'unsupported') return
      if (known?.state === 'catalogued' && known.catalogue_version >= catalogueVersion) return
    }
    await this.orderScan(tx, digest, { priority: scanPriority.push })
  }
}

/** Whether the manifest may be an image of files: charts, models, signatures and what is about another manifest are none. */
function isScanned(event: Extract<RegistryEvent, { kind: 'manifestPushed' }>): boolean {
  const { mediaType, artifactType, subject } = event
  if (!isImageManifestMediaType(mediaType) || subject !== undefined) return false
  return artifactType !== undefined && imageConfigTypes.includes(artifactType)
}
