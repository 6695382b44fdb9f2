import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { parsePlatform } from '@berth/oci/platform.ts'
import type { AdvisoryDatabase } from '@berth/scanner/advisories/database.ts'
import type { PackageFinding, ScanReport, Severity } from '@berth/scanner/finding.ts'
import type { CommandContext } from '../context.ts'
import { catalogueImage } from '../scan/catalogue-image.ts'
import { reportOn } from '../scan/report-on.ts'
import { isAtLeast } from '../scan/severity.ts'
import type { Built } from './build-work.ts'

/** What was found in the image of a service, on every platform. */
export type BuildScan = {
  readonly failOn: Severity | undefined
  readonly isPassed: boolean
  readonly reports: readonly { readonly platform: string; readonly report: ScanReport }[]
  /** As bad as `failOn`, or worse; each vulnerability of a package once, whatever the platforms. */
  readonly blocking: readonly PackageFinding[]
}

/**
 * Scans what a builder made, platform by platform, from its own export: these are the bytes that were pushed, and need
 * not be fetched back.
 */
export async function scanBuilt(
  context: CommandContext,
  database: AdvisoryDatabase,
  { plan, image, root, platforms }: Built,
  failOn: Severity | undefined,
): Promise<BuildScan> {
  const name = `${formatRepositoryAddress(plan.service.address)}@${root.descriptor.digest}`
  const reports = await context.output.withProgress(async ({ onTransfer }) => {
    const made: { platform: string; report: ScanReport }[] = []
    for (const { platform, digest } of platforms) {
      const isRoot = digest === root.descriptor.digest
      const scanned = await catalogueImage(
        context,
        image.source,
        isRoot ? image.reference : { kind: 'digest', digest },
        { name, platform: parsePlatform(platform), onTransfer },
      )
      made.push({ platform, report: reportOn(database, scanned) })
    }
    return made
  })
  const blocking = new Map<string, PackageFinding>()
  for (const { report } of reports) {
    for (const finding of report.findings) {
      if (failOn === undefined || !isAtLeast(finding, failOn)) continue
      const { kind, name: packageName, version } = finding.package
      blocking.set([finding.vulnerability, kind, packageName, version].join(' '), finding)
    }
  }
  return { failOn, isPassed: blocking.size === 0, reports, blocking: [...blocking.values()] }
}
