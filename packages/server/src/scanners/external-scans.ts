import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import type { ChangeContext } from '../access/changes.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import type { JobQueue } from '../jobs/queue.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database } from '../metadata/database.ts'
import {
  listReports,
  readReportPart,
  type ReportSummary,
  vulnerabilitiesFoundIn,
  wantReport,
} from '../metadata/external-reports.ts'
import { findProjectName } from '../metadata/projects.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { Manifests } from '../registry/manifests.ts'
import type { ExternalFinding } from './external-finding.ts'
import { type ListedImage, listImages } from './image-list.ts'
import { unpack } from './packed.ts'
import type { ScannerRegistrations } from './registrations.ts'

/** What one scanner said of one image; `report` is `undefined` while nobody asked it. */
export type ExternalScanView = {
  readonly scanner: string
  readonly image: ListedImage
  readonly report: ReportSummary | undefined
}

export type ExternalScansView = { readonly digest: string; readonly items: ExternalScanView[] }

const preferred = 'linux/amd64'

/** What other scanners said of images. It stands beside what Berth found, and nothing is judged by it. */
export class ExternalScans {
  readonly #database: Database
  readonly #manifests: Pick<Manifests, 'getManifest'>
  readonly #registrations: ScannerRegistrations
  readonly #queue: JobQueue
  readonly #now: () => number

  constructor(parts: {
    database: Database
    manifests: Pick<Manifests, 'getManifest'>
    registrations: ScannerRegistrations
    queue: JobQueue
    now: () => number
  }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#registrations = parts.registrations
    this.#queue = parts.queue
    this.#now = parts.now
  }

  /** For each image and scanner. Throws `manifestUnknown`, `nameUnknown`. */
  async list(repository: RepositoryName, reference: Reference): Promise<ExternalScansView> {
    const { digest, images, repositoryId } = await this.#find(repository, reference)
    const reports = await listReports(
      this.#database.read,
      repositoryId,
      images.map((image) => image.digest),
    )
    const scanners = (await this.#registrations.listScanners()).map(({ name }) => name)
    const names = [...new Set([...scanners, ...reports.map(({ scanner }) => scanner)])].toSorted()
    const items = images.flatMap((image) =>
      names.map((scanner) => ({
        scanner,
        image,
        report: reports.find((one) => one.scanner === scanner && one.image_digest === image.digest),
      })),
    )
    return { digest, items }
  }

  /**
   * Asks a scanner to look at each image of it. Throws `conflict` when there is no image, `notFound` for an unknown
   * scanner, `manifestUnknown`, `nameUnknown`.
   */
  async request(
    context: ChangeContext,
    repository: RepositoryName,
    reference: Reference,
    scanner: string,
  ): Promise<ExternalScansView> {
    if ((await this.#registrations.findScanner(scanner)) === undefined) {
      throw new BerthError('notFound', `There is no scanner named ${scanner}.`)
    }
    const { digest, images, repositoryId, projectId } = await this.#find(repository, reference)
    if (images.length === 0) {
      throw new BerthError(
        'conflict',
        'This is no image, and lists none: there is nothing to scan.',
      )
    }
    const now = new Date(this.#now()).toISOString()
    await this.#database.transaction(async (tx) => {
      await context.check?.(tx)
      for (const image of images) {
        const key = { repositoryId, digest: image.digest, scanner }
        // Of a sparse index not all images are here.
        if (!(await wantReport(tx, key, now))) continue
        await this.#queue.enqueue(
          tx,
          { name: 'external-scan', payload: { scanner, repository, digest: image.digest } },
          { requestedBy: context.actor.name },
        )
      }
      await insertAuditEntry(
        tx,
        context,
        {
          action: 'externalScan.requested',
          targetKind: 'manifest',
          target: `${repository}@${digest}`,
          project: (await findProjectName(tx, projectId)) ?? '',
          after: { scanner },
        },
        now,
      )
    })
    return this.list(repository, reference)
  }

  /** Worst first, with whether Berth found it too. Throws `conflict` without a report, `notFound`, as `list`. */
  async findings(
    repository: RepositoryName,
    reference: Reference,
    query: {
      scanner: string
      platform: string | undefined
      after?: string | undefined
      limit: number
    },
  ): Promise<{
    items: (ExternalFinding & { isFoundByBerth: boolean })[]
    next: string | null
  }> {
    const { digest, packed } = await this.#part(repository, reference, query, 'findings')
    const all = JSON.parse((await unpack(packed)).toString()) as ExternalFinding[]
    const start = query.after === undefined ? 0 : Number(readCursor(query.after, 1)[0]) || 0
    const end = start + query.limit
    const page = all.slice(start, end)
    const names = [...new Set(page.map(({ vulnerability }) => vulnerability))]
    const own = await vulnerabilitiesFoundIn(this.#database.read, digest, names)
    return {
      items: page.map((one) => ({ ...one, isFoundByBerth: own.has(one.vulnerability) })),
      next: end < all.length ? writeCursor(String(end)) : null,
    }
  }

  /** The report as it came, JSON. Throws as `findings`. */
  async raw(
    repository: RepositoryName,
    reference: Reference,
    query: { scanner: string; platform: string | undefined },
  ): Promise<{ digest: string; content: Buffer }> {
    const { digest, packed } = await this.#part(repository, reference, query, 'raw')
    return { digest, content: await unpack(packed) }
  }

  async #part(
    repository: RepositoryName,
    reference: Reference,
    query: { scanner: string; platform: string | undefined },
    part: 'findings' | 'raw',
  ): Promise<{ digest: string; packed: Uint8Array }> {
    const { images, repositoryId } = await this.#find(repository, reference)
    const image = choose(images, query.platform)
    if (image === undefined) {
      throw new BerthError(
        'notFound',
        query.platform === undefined
          ? 'This is no image, and lists none.'
          : `There is no image for ${query.platform}.`,
      )
    }
    const { digest } = image
    const key = { repositoryId, digest, scanner: query.scanner }
    const found = await readReportPart(this.#database.read, key, part)
    if (found === undefined) {
      throw new BerthError(
        'conflict',
        `There is no report of the scanner ${query.scanner} on this image. Ask for one.`,
      )
    }
    return { digest, packed: found }
  }

  async #find(repository: RepositoryName, reference: Reference) {
    const stored = await this.#manifests.getManifest(repository, reference)
    const found = await findRepository(this.#database.read, repository)
    if (!found) throw new BerthError('nameUnknown', `There is no repository ${repository}.`)
    return {
      digest: stored.digest as string,
      images: listImages(stored),
      repositoryId: found.id,
      projectId: found.projectId,
    }
  }
}

/** Of an index the one for `platform`; without it `linux/amd64`, else the first. */
function choose(
  images: readonly ListedImage[],
  platform: string | undefined,
): ListedImage | undefined {
  const isFor = (wanted: string) => images.find((image) => image.platform === wanted)
  const [first] = images
  // A single image has no platform of an index to be told apart by.
  if (first !== undefined && images.length === 1 && first.platform === null) return first
  return platform === undefined ? (isFor(preferred) ?? first) : isFor(platform)
}
