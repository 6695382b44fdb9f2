import type { JsonObject } from '@berth/oci/json-guard.ts'
import {
  type ExternalFinding,
  type ExternalReport,
  ScannerFailure,
  keptFindings,
  severityOf,
} from './external-finding.ts'
import { listOf, momentOf, objectOf, parseReport, scoreOf, textOf, textsOf } from './report-json.ts'

/** The media types of vulnerability reports, the best first (Harbor Pluggable Scanner API, 1.0 to 1.2). */
export const harborReportTypes = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
] as const

/**
 * Reads a report of either type; both have the same fields, the older one fewer. `dataBuiltAt` is not in it. Throws
 * `ScannerFailure` for what is none.
 */
export function readHarborReport(
  bytes: Buffer,
  { who, now }: { who: string; now: string },
): ExternalReport {
  const report = parseReport(bytes, who)
  // Go writes null for an empty list.
  if (!('vulnerabilities' in report) || !('scanner' in report)) {
    throw new ScannerFailure(`${who} sent JSON that is no vulnerability report.`)
  }
  const scanner = objectOf(report['scanner'])
  const found = listOf(report['vulnerabilities']).flatMap((one) => findingOf(objectOf(one)) ?? [])
  return {
    product: productOf(scanner),
    generatedAt: momentOf(report['generated_at']) ?? now,
    dataBuiltAt: null,
    ...keptFindings(found),
    raw: bytes,
  }
}

/** Such as `Trivy 0.74.0 (Aqua Security)`. */
export function productOf(scanner: JsonObject): string {
  const name = textOf(scanner['name']) ?? 'unknown'
  const version = textOf(scanner['version'])
  const vendor = textOf(scanner['vendor'])
  return [name, version, vendor !== null && vendor !== name ? `(${vendor})` : null]
    .filter((part) => part !== null)
    .join(' ')
    .slice(0, 200)
}

function findingOf(one: JsonObject): ExternalFinding | undefined {
  const vulnerability = textOf(one['id'])
  const name = textOf(one['package'])
  if (vulnerability === null || name === null) return undefined
  const preferred = objectOf(one['preferred_cvss'])
  const attributes = objectOf(one['vendor_attributes'])
  const third = scoreOf(preferred['score_v3'])
  const second = scoreOf(preferred['score_v2'])
  return {
    vulnerability,
    package: name,
    version: textOf(one['version']) ?? '',
    fixedVersion: textOf(one['fix_version']),
    severity: severityOf(one['severity']),
    score: third ?? second,
    vector: textOf(
      third === null && second !== null ? preferred['vector_v2'] : preferred['vector_v3'],
    ),
    description: textOf(one['description']),
    links: textsOf(one['links']),
    purl: textOf(attributes['purl']),
    path: textOf(attributes['path']),
  }
}
