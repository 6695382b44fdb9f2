import type { AccessChanges } from '../access/changes.ts'
import type { Config } from '../config/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../metadata/database.ts'
import type { Registry } from '../registry/open.ts'
import { Advisories } from './advisories.ts'
import { AdvisoryUpdates } from './advisory-updates.ts'
import { ImageFindings } from './image-findings.ts'
import { ImagePackages } from './image-packages.ts'
import { ImageScanning, type PackageIndex } from './image-scan.ts'
import { InstanceOverview } from './instance-overview.ts'
import { LayerFiles } from './layer-files.ts'
import { LayerReader } from './layer-reader.ts'
import { Matching } from './matching.ts'
import type { ScanOrders } from './orders.ts'
import { FindingsOverview } from './overview.ts'
import { PackageSearch } from './package-search.ts'
import { Reports } from './reports.ts'
import { Sboms } from './sboms.ts'
import { ScannedImages } from './scanned-images.ts'
import { ScanSummaries } from './scan-summaries.ts'
import { Scans } from './scans.ts'
import { TrackedList } from './tracked-list.ts'
import { type DueDates, FindingTracking } from './tracking.ts'
import { ScanUpkeep } from './upkeep.ts'
import { VexStatements } from './vex.ts'
import { VulnerabilityImages } from './vulnerability-images.ts'

export type Scanning = ReturnType<typeof openScanning>

/** Everything that looks into images, on one database and one registry. Nothing runs by itself. */
export function openScanning(parts: {
  config: Config['scan']
  outbound: Config['outbound']
  database: Database
  registry: Pick<Registry, 'manifests' | 'blobs' | 'uploads' | 'referrers'>
  changes: AccessChanges
  queue: JobQueue
  orders: ScanOrders
  dueDates: DueDates
  packageIndex: PackageIndex
  logger: Logger
  now: () => number
}) {
  const { config, database, registry, changes, queue, orders, logger, now } = parts
  const layers = new LayerReader({
    memoryMiB: config.memoryMiB,
    layerBytes: config.layerMaxBytes,
    timeMs: config.timeoutMinutes * 60_000,
  })
  const advisories = new Advisories({
    folder: config.advisories.folder,
    database,
    queue,
    logger,
    now,
  })
  const advisoryUpdates = new AdvisoryUpdates({
    advisories,
    settings: config.advisories.update,
    outbound: parts.outbound,
  })
  const matching = new Matching({ database, advisories, orders, now })
  const layerFiles = new LayerFiles({ database, ...registry, layers, logger })
  const scannedImages = new ScannedImages({ database, ...registry })
  const imageFindings = new ImageFindings({ database })
  const reports = new Reports({
    images: scannedImages,
    findings: imageFindings,
    advisories,
    ...registry,
  })
  /** What the management API asks. */
  const services = {
    advisories,
    advisoryUpdates,
    scannedImages,
    imageFindings,
    scanSummaries: new ScanSummaries({ database, findings: imageFindings }),
    reports,
    scans: new Scans({
      database,
      images: scannedImages,
      findings: imageFindings,
      advisories,
      orders,
      now,
    }),
    layerFiles,
    imagePackages: new ImagePackages({ images: scannedImages }),
    packageSearch: new PackageSearch({ database }),
    findingsOverview: new FindingsOverview({ database, advisories, now }),
    instanceOverview: new InstanceOverview({ database, advisories, now }),
    trackedList: new TrackedList({ database, now }),
    vulnerabilityImages: new VulnerabilityImages({ database }),
    sboms: new Sboms({ ...registry, reports }),
    vexStatements: new VexStatements({ database, changes }),
  }
  return {
    services,
    advisories,
    advisoryUpdates,
    matching,
    tracking: new FindingTracking({ database, dueDates: parts.dueDates, now }),
    upkeep: new ScanUpkeep({ database, orders, isEnabled: config.enabled, now }),
    images: new ImageScanning({
      database,
      ...registry,
      layers,
      matching,
      packageIndex: parts.packageIndex,
      orders,
      timeoutMs: config.timeoutMinutes * 60_000,
      now,
    }),
    async close() {
      await layerFiles.close()
      await layers.close()
      await advisories.close()
    },
  }
}
