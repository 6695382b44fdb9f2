import { ClientError } from '@berth/client/client-error.ts'
import type { ScanReport } from '@berth/scanner/finding.ts'

type Writer = (report: ScanReport) => Promise<string>

/** Loaded when one is asked for. */
const writers: Readonly<Record<string, Writer>> = {
  trivy: async (report) => (await import('@berth/scanner/reports/trivy.ts')).writeTrivy(report),
  sarif: async (report) => (await import('@berth/scanner/reports/sarif.ts')).writeSarif(report),
  cyclonedx: async (report) =>
    (await import('@berth/scanner/reports/cyclonedx.ts')).writeCycloneDx(report, {
      withFindings: true,
    }),
  spdx: async (report) =>
    (await import('@berth/scanner/reports/spdx.ts')).writeSpdx(report, { withFindings: true }),
  csv: async (report) => (await import('@berth/scanner/reports/csv.ts')).writeCsv(report),
  harbor: async (report) => (await import('@berth/scanner/reports/harbor.ts')).writeHarbor(report),
}

export const reportFormats = Object.keys(writers)

/** A report in a format of other tools. Throws `inputInvalid` for one that is not known. */
export async function writeReport(report: ScanReport, format: string): Promise<string> {
  const write = writers[format]
  if (write === undefined) {
    throw new ClientError('inputInvalid', `--format ${format} is not known.`, {
      next: `Known are table, ${reportFormats.join(', ')}.`,
    })
  }
  return write(report)
}
