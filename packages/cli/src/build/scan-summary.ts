import type { Severity } from '@berth/scanner/finding.ts'
import { counted } from '../format.ts'
import { printable } from '../printable.ts'
import { severities } from '@berth/scanner/finding.ts'
import { countSeverities } from '../scan/severity.ts'
import type { BuildScan } from './scan-built.ts'

/** What a scan found, in the JSON result of a build; fields are only ever added. */
export type ScanSummary = {
  readonly failOn: Severity | null
  readonly passed: boolean
  /** ISO moment of the newest advisories that were compared with. */
  readonly dataBuiltAt: string | null
  readonly platforms: readonly {
    readonly platform: string
    readonly packages: number
    readonly findings: Readonly<Record<Severity, number>>
    /** What could not be looked into, and so is not known to be clean. */
    readonly notCovered: number
  }[]
  /** What makes it fail. */
  readonly blocking: readonly {
    readonly vulnerability: string
    readonly severity: Severity
    readonly package: string
    readonly version: string
    readonly fixedVersion: string | null
  }[]
}

export function summaryOf({ failOn, isPassed, reports, blocking }: BuildScan): ScanSummary {
  return {
    failOn: failOn ?? null,
    passed: isPassed,
    dataBuiltAt: reports[0]?.report.data.builtAt ?? null,
    platforms: reports.map(({ platform, report: { catalogue, findings } }) => ({
      platform,
      packages: catalogue.packages.length,
      findings: countSeverities(findings),
      notCovered: catalogue.notCovered.length,
    })),
    blocking: blocking.map((finding) => ({
      vulnerability: finding.vulnerability,
      severity: finding.severity,
      package: finding.package.name,
      version: finding.package.version,
      fixedVersion: finding.fixedVersion ?? null,
    })),
  }
}

/** A line for each platform: `api linux/amd64: 2 high, 1 low in 112 packages, 3 not covered`. */
export function formatScan(service: string, { platforms }: ScanSummary): readonly string[] {
  return platforms.map(({ platform, packages, findings, notCovered }) => {
    const counts = severities.flatMap((each) =>
      findings[each] === 0 ? [] : [`${findings[each]} ${each}`],
    )
    const found = counts.length === 0 ? 'no finding' : counts.join(', ')
    const rest = notCovered === 0 ? '' : `; ${notCovered} not covered`
    return printable(`${service} ${platform}: ${found} in ${counted(packages, 'package')}${rest}`)
  })
}
