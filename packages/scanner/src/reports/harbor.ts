import type { PackageFinding, ScanReport, Score, Severity } from '../finding.ts'
import { addressOf } from './address.ts'

const severities: Readonly<Record<Severity, string>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Negligible',
  unknown: 'Unknown',
}
/** Worst last. */
const order: readonly Severity[] = ['unknown', 'negligible', 'low', 'medium', 'high', 'critical']

/**
 * A report of `application/vnd.security.vulnerability.report; version=1.1` of the Harbor Pluggable Scanner API. What was
 * judged away is left out: the form has no place for it. CVSS 4 and other scores are in `vendor_attributes`.
 */
export function writeHarbor(report: ScanReport): string {
  const { artifact, data, findings, scanner } = report
  const worst = findings.reduce<Severity>(
    (a, { severity }) => (order.indexOf(severity) > order.indexOf(a) ? severity : a),
    'unknown',
  )
  const named =
    /^(?:(?<host>[^/]*[.:][^/]*|localhost)\/)?(?<repository>[^@]+?)(?::(?<tag>[^/:@]+))?(?:@.*)?$/.exec(
      artifact.name,
    )?.groups
  const document = {
    generated_at: report.scannedAt,
    artifact: {
      repository: named?.['repository'] ?? artifact.name,
      ...(artifact.digest !== undefined && { digest: artifact.digest }),
      ...(named?.['tag'] !== undefined && { tag: named['tag'] }),
      ...(artifact.mediaType !== undefined && { mime_type: artifact.mediaType }),
      ...(artifact.size !== undefined && { size: artifact.size }),
    },
    scanner: { name: scanner.name, vendor: scanner.name, version: scanner.version },
    // The form has no word for none at all; the reference adapters say Unknown then, too.
    severity: severities[worst],
    vulnerabilities: findings.map(vulnerabilityOf),
    vendor_attributes: {
      advisories_built_at: data.builtAt ?? '',
      not_covered: report.catalogue.notCovered.map(({ path, reason }) => `${path}: ${reason}`),
    },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function vulnerabilityOf(finding: PackageFinding): Record<string, unknown> {
  const { package: found } = finding
  const v3 = scoreOf(finding.scores, '3')
  const v2 = scoreOf(finding.scores, '2')
  return {
    id: finding.vulnerability,
    package: found.name,
    version: found.version,
    fix_version: finding.fixedVersion ?? '',
    severity: severities[finding.severity],
    description: finding.description ?? finding.title ?? '',
    links: [
      addressOf(finding.vulnerability),
      ...finding.references.filter((reference) => reference !== addressOf(finding.vulnerability)),
    ],
    ...(found.layer !== undefined && { layer: { diff_id: found.layer } }),
    preferred_cvss: {
      score_v3: v3?.score ?? null,
      score_v2: v2?.score ?? null,
      vector_v3: v3?.vector ?? '',
      vector_v2: v2?.vector ?? '',
    },
    cwe_ids: finding.cwes,
    vendor_attributes: {
      CVSS: Object.fromEntries(
        finding.scores
          .filter(({ isEstimated }) => isEstimated !== true)
          .map(({ source, version, score, vector }) => [
            `${source} ${version ?? ''}`.trim(),
            { score, vector: vector ?? '' },
          ]),
      ),
      status: finding.fixState,
      purl: found.purl,
      ...(finding.knownExploited !== undefined && { known_exploited: finding.knownExploited }),
      ...(finding.epss !== undefined && { epss: finding.epss }),
    },
  }
}

/** The first real score of a CVSS generation: the best source comes first. */
function scoreOf(scores: readonly Score[], generation: string): Score | undefined {
  return scores.find(
    ({ version, isEstimated }) => version?.startsWith(generation) === true && isEstimated !== true,
  )
}
