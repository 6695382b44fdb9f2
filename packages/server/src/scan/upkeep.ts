import { severities } from '@berth/scanner/finding.ts'
import { catalogueVersion } from '@berth/scanner/catalogue.ts'
import { setTimeout as wait } from 'node:timers/promises'
import type { Database, Transaction } from '../metadata/database.ts'
import {
  countTracked,
  deleteTrends,
  saveInstanceTrend,
  saveTrends,
} from '../metadata/finding-trends.ts'
import { deleteUnheldImages, imagesToScan, insertImage } from '../metadata/images.ts'
import { deleteUnheldLayers } from '../metadata/layer-catalogues.ts'
import { deleteUnusedNames } from '../metadata/vulnerability-names.ts'
import { deleteUnusedPackages } from '../metadata/packages.ts'
import { imageConfigTypes, imageManifestTypes } from './image-types.ts'
import { type ScanOrders, scanPriority } from './orders.ts'
import { dayOf } from './overview.ts'

const repositoriesAtOnce = 200
const trendsKeptDays = 400
const dayMs = 86_400_000
const noted = [...severities, 'opened', 'closed'] as const
const noChange = {
  critical: 0,
  high: 0,
  medium: 0,
  low: 0,
  negligible: 0,
  unknown: 0,
  opened: 0,
  closed: 0,
}
/** Rests as long as it works: it is in no hurry. */
const restFactor = 1

/** The daily work beside scanning. */
export class ScanUpkeep {
  readonly #database: Database
  readonly #orders: ScanOrders
  readonly #isEnabled: boolean
  readonly #now: () => number

  constructor(parts: {
    database: Database
    orders: ScanOrders
    isEnabled: boolean
    now: () => number
  }) {
    this.#database = parts.database
    this.#orders = parts.orders
    this.#isEnabled = parts.isEnabled
    this.#now = parts.now
  }

  /**
   * Asks for scans of images that were pushed before there was a scanner, that failed, or whose catalogue an older Berth
   * made; after every push and every request in the queue.
   */
  async findUnscanned(signal: AbortSignal): Promise<{ ordered: number }> {
    let ordered = 0
    if (!this.#isEnabled) return { ordered }
    for (let after: string | undefined = ''; after !== undefined && !signal.aborted; ) {
      const found: Awaited<ReturnType<typeof imagesToScan>> = await imagesToScan(
        this.#database.read,
        {
          after,
          version: catalogueVersion,
          mediaTypes: imageManifestTypes,
          types: imageConfigTypes,
        },
      )
      const { digests } = found
      await this.#database.relaxedTransaction(async (tx) => {
        for (const digest of digests) {
          await insertImage(tx, digest)
          await this.#orders.orderScan(tx, digest, { priority: scanPriority.schedule })
        }
      })
      ordered += digests.length
      after = found.next
    }
    return { ordered }
  }

  /** Notes how many findings every repository has today, for trends. */
  async noteFindings(signal: AbortSignal): Promise<{ repositories: number }> {
    const now = this.#now()
    const day = dayOf(now)
    let repositories = 0
    const total = { day, ...noChange }
    for (let after = 0; ; ) {
      // Half of a sum would be worse than none.
      if (signal.aborted) return { repositories }
      const rows = await countTracked(this.#database.read, {
        after,
        limit: repositoriesAtOnce,
        since: `${day}T00:00:00.000Z`,
      })
      const last = rows.at(-1)
      if (!last) break
      await this.#database.relaxedTransaction((tx) =>
        saveTrends(
          tx,
          rows.map((row) => ({ ...row, day })),
        ),
      )
      for (const row of rows) for (const name of noted) total[name] += row[name]
      repositories += rows.length
      after = last.repository_id
    }
    await this.#database.relaxedTransaction(async (tx) => {
      await saveInstanceTrend(tx, total)
      await deleteTrends(tx, dayOf(now - trendsKeptDays * dayMs))
    })
    return { repositories }
  }

  /** Throws out what is known of images, layers and packages that nobody holds any more. */
  async trim(signal: AbortSignal) {
    return {
      images: await this.#repeat(deleteUnheldImages, signal),
      layers: await this.#repeat(deleteUnheldLayers, signal),
      packages: await this.#repeat(deleteUnusedPackages, signal),
      names: await this.#repeat(deleteUnusedNames, signal),
    }
  }

  async #repeat(work: (tx: Transaction) => Promise<number>, signal: AbortSignal): Promise<number> {
    let removed = 0
    while (!signal.aborted) {
      const started = performance.now()
      const count = await this.#database.relaxedTransaction(work)
      if (count === 0) break
      removed += count
      await wait((performance.now() - started) * restFactor)
    }
    return removed
  }
}
