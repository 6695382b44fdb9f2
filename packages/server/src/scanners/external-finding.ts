import { severities, type Severity } from '@berth/scanner/finding.ts'

/** What another scanner says of a package in an image: the same form for all of them. */
export type ExternalFinding = {
  readonly vulnerability: string
  readonly package: string
  readonly version: string
  readonly fixedVersion: string | null
  readonly severity: Severity
  /** CVSS, 0 to 10, of the newest version that it gives. */
  readonly score: number | null
  readonly vector: string | null
  readonly description: string | null
  readonly links: readonly string[]
  readonly purl: string | null
  readonly path: string | null
}

/** A report of another scanner. */
export type ExternalReport = {
  /** Name and version of what made it. */
  readonly product: string
  /** ISO moments. */
  readonly generatedAt: string
  readonly dataBuiltAt: string | null
  /** Worst first, 20,000 at most. */
  readonly findings: readonly ExternalFinding[]
  readonly isTruncated: boolean
  /** As it came: JSON. */
  readonly raw: Buffer
}

/** What was sent is no report, or one that says it failed; another try would end likewise. The message is for people. */
export class ScannerFailure extends Error {
  override readonly name = 'ScannerFailure'
}

const findingsMax = 20_000
const nameMax = 500
const descriptionMax = 2000
const linksMax = 10

/** Cuts what is longer than anyone reads, and sorts the worst first. */
export function keptFindings(found: readonly ExternalFinding[]): {
  findings: ExternalFinding[]
  isTruncated: boolean
} {
  const rank = ({ severity }: ExternalFinding) => severities.indexOf(severity)
  const findings = found.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (b.score ?? 0) - (a.score ?? 0) ||
      (a.vulnerability < b.vulnerability ? -1 : a.vulnerability > b.vulnerability ? 1 : 0),
  )
  return {
    findings: findings.slice(0, findingsMax).map(trimmed),
    isTruncated: findings.length > findingsMax,
  }
}

function trimmed(finding: ExternalFinding): ExternalFinding {
  const cut = (text: string | null, max: number) => (text === null ? null : text.slice(0, max))
  return {
    vulnerability: finding.vulnerability.slice(0, nameMax),
    package: finding.package.slice(0, nameMax),
    version: finding.version.slice(0, nameMax),
    fixedVersion: cut(finding.fixedVersion, nameMax),
    severity: finding.severity,
    score: finding.score,
    vector: cut(finding.vector, nameMax),
    description: cut(finding.description, descriptionMax),
    links: finding.links.slice(0, linksMax).map((link) => link.slice(0, nameMax)),
    purl: cut(finding.purl, nameMax),
    path: cut(finding.path, nameMax),
  }
}

/** How many of each severity there are. */
export function countsOf(findings: readonly ExternalFinding[]): Record<Severity, number> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }
  for (const { severity } of findings) counts[severity] += 1
  return counts
}

/** The word of another scanner, in whichever case; what is not known counts as unknown. */
export function severityOf(word: unknown): Severity {
  const text = typeof word === 'string' ? word.toLowerCase() : ''
  return severities.find((one) => one === text) ?? 'unknown'
}
