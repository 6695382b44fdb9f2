import { LayerScanner } from '@berth/scanner/layers/layer-scanner.ts'
import type { Config } from '../config/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../metadata/database.ts'
import type { Registry } from '../registry/open.ts'
import { Advisories } from './advisories.ts'
import { ImageScanning } from './image-scan.ts'
import { Matching } from './matching.ts'
import type { ScanOrders } from './orders.ts'
import { FindingTracking } from './tracking.ts'
import { ScanUpkeep } from './upkeep.ts'

export type Scanning = ReturnType<typeof openScanning>

/** Everything that looks into images, on one database and one registry. Nothing runs by itself. */
export function openScanning(parts: {
  config: Config['scan']
  database: Database
  registry: Pick<Registry, 'manifests' | 'blobs'>
  queue: JobQueue
  orders: ScanOrders
  logger: Logger
  now: () => number
}) {
  const { config, database, registry, queue, orders, logger, now } = parts
  const layers = new LayerScanner({
    limits: {
      memoryMiB: config.memoryMiB,
      layerBytes: config.layerMaxBytes,
      timeMs: config.timeoutMinutes * 60_000,
    },
  })
  const advisories = new Advisories({
    folder: config.advisories.folder,
    database,
    queue,
    logger,
    now,
  })
  const matching = new Matching({ database, advisories, orders, now })
  return {
    advisories,
    matching,
    tracking: new FindingTracking({ database, now }),
    upkeep: new ScanUpkeep({ database, orders, isEnabled: config.enabled, now }),
    images: new ImageScanning({
      database,
      ...registry,
      layers,
      matching,
      orders,
      timeoutMs: config.timeoutMinutes * 60_000,
      now,
    }),
    async close() {
      await layers.close()
      await advisories.close()
    },
  }
}
