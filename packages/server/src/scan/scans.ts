import type { RepositoryName, Reference } from '@berth/oci/reference.ts'
import { parseReference } from '@berth/oci/reference.ts'
import type { ChangeContext } from '../access/changes.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database } from '../metadata/database.ts'
import { type ImageRow, insertImage, lockImage, updateImage } from '../metadata/images.ts'
import { findJob, lockJob, updateJob } from '../metadata/jobs.ts'
import type { JobState } from '../metadata/schema.ts'
import { findProjectName } from '../metadata/projects.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { NotCovered } from '@berth/scanner/package.ts'
import { BerthError } from '../errors.ts'
import type { Advisories } from './advisories.ts'
import type { ImageFindings } from './image-findings.ts'
import type { ScanProgress } from './image-scan.ts'
import { type ScanOrders, scanPriority } from './orders.ts'
import type { ScannedImages, ScannedManifest } from './scanned-images.ts'

/** What scanning knows of one image. */
export type ImageScanView = {
  digest: string
  platform: string | null
  state: 'none' | 'waiting' | 'running' | 'catalogued' | 'failed' | 'unsupported'
  reason: string | null
  progress: ScanProgress | null
  row: ImageRow | undefined
  notCovered: NotCovered[]
  notCoveredCount: number
  counts: Pick<ImageRow, 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'>
  /** 0 to 10. */
  worstScore: number
}

export type ScanView = { digest: string; mediaType: string; scans: ImageScanView[] }

const notCoveredMax = 100
const noCounts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }

/** Scans as people see them, ask for them and stop them. */
export class Scans {
  readonly #database: Database
  readonly #images: ScannedImages
  readonly #findings: ImageFindings
  readonly #advisories: Advisories
  readonly #orders: ScanOrders
  readonly #now: () => number

  constructor(parts: {
    database: Database
    images: ScannedImages
    findings: ImageFindings
    advisories: Advisories
    orders: ScanOrders
    now: () => number
  }) {
    this.#database = parts.database
    this.#images = parts.images
    this.#findings = parts.findings
    this.#advisories = parts.advisories
    this.#orders = parts.orders
    this.#now = parts.now
  }

  /** Throws `manifestUnknown`, `nameUnknown`. */
  async readScan(repository: RepositoryName, reference: Reference): Promise<ScanView> {
    const found = await this.#images.find(repository, reference)
    const scans: ImageScanView[] = []
    for (const image of found.images) scans.push(await this.#view(repository, image))
    return { digest: found.stored.digest, mediaType: found.stored.mediaType, scans }
  }

  /** Asks for a scan of each image of it. Throws `conflict` when it has none, `manifestUnknown`, `nameUnknown`. */
  async requestScan(
    context: ChangeContext,
    repository: RepositoryName,
    reference: Reference,
  ): Promise<ScanView> {
    const { stored, images } = await this.#images.find(repository, reference)
    if (images.length === 0) {
      throw new BerthError(
        'conflict',
        'This is no image, and lists none: there is nothing to scan.',
      )
    }
    await this.#database.transaction(async (tx) => {
      await context.check?.(tx)
      for (const { digest } of images) {
        await insertImage(tx, digest)
        await this.#orders.orderScan(tx, digest, {
          priority: scanPriority.onDemand,
          requestedBy: context.actor.name,
        })
      }
      await insertAuditEntry(
        tx,
        context,
        { ...(await this.#subject(tx, repository, stored.digest)), action: 'scan.requested' },
        this.#iso(),
      )
    })
    return this.readScan(repository, parseReference(stored.digest))
  }

  /** Stops scans that wait or run; what was known before stays. Throws `manifestUnknown`, `nameUnknown`. */
  async cancelScan(
    context: ChangeContext,
    repository: RepositoryName,
    reference: Reference,
  ): Promise<ScanView> {
    const { stored, images } = await this.#images.find(repository, reference)
    await this.#database.transaction(async (tx) => {
      await context.check?.(tx)
      for (const { digest } of images) {
        const row = await lockImage(tx, digest)
        const job = row?.scan_job ? await lockJob(tx, row.scan_job) : undefined
        if (job?.state === 'waiting') {
          const end = { state: 'cancelled', dedupe_key: null, finished_at: this.#iso() } as const
          await updateJob(tx, job.id, { ...end, cancel_requested: 1 })
        } else if (job?.state === 'running') {
          await updateJob(tx, job.id, { cancel_requested: 1 })
        } else continue
        if (row?.state === 'waiting') {
          const reason = `${context.actor.name} stopped the scan. Ask for it again.`
          await updateImage(tx, digest, { state: 'failed', reason })
        }
      }
      await insertAuditEntry(
        tx,
        context,
        { ...(await this.#subject(tx, repository, stored.digest)), action: 'scan.cancelled' },
        this.#iso(),
      )
    })
    return this.readScan(repository, parseReference(stored.digest))
  }

  async #view(
    repository: RepositoryName,
    image: ScannedManifest['images'][number],
  ): Promise<ImageScanView> {
    const { row, digest } = image
    const platform = image.platform ?? row?.platform ?? null
    if (row === undefined) {
      return {
        digest,
        platform,
        row,
        state: 'none',
        reason: null,
        progress: null,
        notCovered: [],
        notCoveredCount: 0,
        counts: noCounts,
        worstScore: 0,
      }
    }
    const { state, progress } = await this.#stateOf(row)
    const catalogue = row.state === 'catalogued' ? await this.#images.catalogue(row) : undefined
    const notCovered = catalogue
      ? [...catalogue.notCovered, ...(await this.#advisories.uncovered(catalogue))]
      : []
    const judged = await this.#findings.judgedAway(repository, row)
    const left = (severity: keyof typeof noCounts) =>
      Math.max(0, row[severity] - judged.counts[severity])
    return {
      digest,
      platform,
      row,
      state,
      reason: row.reason,
      progress,
      notCovered: notCovered.slice(0, notCoveredMax),
      notCoveredCount: notCovered.length,
      counts: {
        critical: left('critical'),
        high: left('high'),
        medium: left('medium'),
        low: left('low'),
        negligible: left('negligible'),
        unknown: left('unknown'),
      },
      worstScore: judged.worstScore / 10,
    }
  }

  async #stateOf(row: ImageRow): Promise<Pick<ImageScanView, 'state' | 'progress'>> {
    const job = row.scan_job === null ? undefined : await findJob(this.#database.read, row.scan_job)
    const progress =
      job?.state === 'running' && job.progress !== null
        ? (JSON.parse(job.progress) as ScanProgress)
        : null
    return { state: stateOfScan(row, job?.state), progress }
  }

  async #subject(tx: Database['read'], repository: RepositoryName, digest: string) {
    const found = await findRepository(tx, repository)
    return {
      targetKind: 'manifest',
      target: `${repository}@${digest}`,
      project: (found && (await findProjectName(tx, found.projectId))) ?? '',
    }
  }

  #iso(): string {
    return new Date(this.#now()).toISOString()
  }
}

/** The state of an image whose `scan_job` has the state `job`. What is known counts even while it is read again. */
export function stateOfScan(row: ImageRow, job: JobState | undefined): ImageScanView['state'] {
  if (row.state !== 'catalogued' && job === 'running') return 'running'
  return row.state === 'failed' && job === 'waiting' ? 'waiting' : row.state
}
