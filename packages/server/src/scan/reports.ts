import type { ScanReport } from '@berth/scanner/finding.ts'
import { isJsonObject } from '@berth/oci/json-guard.ts'
import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import type { Blobs } from '../registry/blobs.ts'
import { readImageConfig } from '../registry/image-config.ts'
import { version } from '../version.ts'
import type { Advisories } from './advisories.ts'
import { type ImageFindings, type JudgedFinding, toPackageFindings } from './image-findings.ts'
import type { CataloguedImage, ScannedImages } from './scanned-images.ts'

export type ReportFormat = 'trivy' | 'sarif' | 'cyclonedx' | 'spdx' | 'csv' | 'harbor'

/** Loaded when somebody asks for a report: the server starts faster without. */
const writers: Readonly<Record<ReportFormat, (report: ScanReport) => Promise<string>>> = {
  async trivy(report) {
    const { writeTrivy } = await import('@berth/scanner/reports/trivy.ts')
    return writeTrivy(report)
  },
  async sarif(report) {
    const { writeSarif } = await import('@berth/scanner/reports/sarif.ts')
    return writeSarif(report)
  },
  cyclonedx: (report) => writeBill('cyclonedx', report, { withFindings: true }),
  spdx: (report) => writeBill('spdx', report, { withFindings: true }),
  async csv(report) {
    const { writeCsv } = await import('@berth/scanner/reports/csv.ts')
    return writeCsv(report)
  },
  async harbor(report) {
    const { writeHarbor } = await import('@berth/scanner/reports/harbor.ts')
    return writeHarbor(report)
  },
}

async function writeBill(
  format: 'spdx' | 'cyclonedx',
  report: ScanReport,
  options: { withFindings: boolean },
): Promise<string> {
  if (format === 'spdx') {
    const { writeSpdx } = await import('@berth/scanner/reports/spdx.ts')
    return writeSpdx(report, options)
  }
  const { writeCycloneDx } = await import('@berth/scanner/reports/cyclonedx.ts')
  return writeCycloneDx(report, options)
}

/** What Berth found in an image, in the formats of other tools. */
export class Reports {
  readonly #images: ScannedImages
  readonly #findings: ImageFindings
  readonly #advisories: Advisories
  readonly #blobs: Blobs

  constructor(parts: {
    images: ScannedImages
    findings: ImageFindings
    advisories: Advisories
    blobs: Blobs
  }) {
    this.#images = parts.images
    this.#findings = parts.findings
    this.#advisories = parts.advisories
    this.#blobs = parts.blobs
  }

  /** The whole report as text. Throws as `ScannedImages.findCatalogued`. */
  async write(
    repository: RepositoryName,
    reference: Reference,
    options: { format: ReportFormat; platform: string | undefined },
  ): Promise<string> {
    const image = await this.#images.findCatalogued(repository, reference, options.platform)
    const findings = await this.#findings.all(repository, image)
    return writers[options.format](await this.#report(repository, reference, image, findings))
  }

  /** The packages alone, as SPDX 2.3 or CycloneDX 1.6. Throws as `ScannedImages.findCatalogued`. */
  async writeSbom(
    repository: RepositoryName,
    reference: Reference,
    options: { format: 'spdx' | 'cyclonedx'; platform: string | undefined },
  ): Promise<{ digest: string; text: string }> {
    const image = await this.#images.findCatalogued(repository, reference, options.platform)
    const report = await this.#report(repository, reference, image, [])
    const text = await writeBill(options.format, report, { withFindings: false })
    return { digest: image.row.digest, text }
  }

  async #report(
    repository: RepositoryName,
    reference: Reference,
    { row, catalogue }: CataloguedImage,
    judged: readonly JudgedFinding[],
  ): Promise<ScanReport> {
    const { stored, parsed } = await this.#images.manifest(repository, row.digest)
    const read = await readImageConfig(this.#blobs, repository, parsed.config)
    const rootfs = read?.config?.rootfs
    const settings = read?.config?.config
    const labels = isJsonObject(settings) ? settings.Labels : undefined
    const { data } = this.#advisories.state
    return {
      artifact: {
        name:
          reference.kind === 'tag'
            ? `${repository}:${reference.tag}`
            : `${repository}@${reference.digest}`,
        digest: row.digest,
        mediaType: stored.mediaType,
        ...(row.platform !== null && { platform: row.platform }),
        size: row.size,
        ...(parsed.config && { imageId: parsed.config.digest }),
        diffIds: isJsonObject(rootfs) ? texts(rootfs.diff_ids) : [],
        ...(isJsonObject(labels) && { labels: textsByName(labels) }),
      },
      scanner: { name: 'Berth', version },
      scannedAt: row.matched_at ?? row.catalogued_at ?? '',
      // What the findings were compared with, which may be older than what is in force by now.
      data: { ...data, revision: row.data_revision, builtAt: row.data_built_at },
      catalogue: {
        ...catalogue,
        notCovered: [...catalogue.notCovered, ...(await this.#advisories.uncovered(catalogue))],
      },
      findings: judged.filter(({ suppressed }) => !suppressed).flatMap(toPackageFindings),
      suppressed: judged.flatMap((one) => {
        const { suppressed: vex } = one
        return vex === undefined ? [] : toPackageFindings(one).map((found) => ({ ...found, vex }))
      }),
    }
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function textsByName(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )
}
