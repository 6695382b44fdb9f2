import type { ScanReport } from '../finding.ts'

/**
 * Everything that Berth knows, in its own form (`finding.ts`), for those who ask a scanner adapter for the raw report
 * (`application/vnd.scanner.adapter.vuln.report.raw`).
 */
export function writeRaw(report: ScanReport): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
