import type { ScanReport } from '../finding.ts'
import type { ReportedFinding } from './reported-finding.ts'

const columns: readonly [
  name: string,
  of: (finding: ReportedFinding, report: ScanReport) => unknown,
][] = [
  ['artifact', (_, { artifact }) => artifact.name],
  ['digest', (_, { artifact }) => artifact.digest],
  ['platform', (_, { artifact }) => artifact.platform],
  ['kind', ({ package: found }) => found.kind],
  ['package', ({ package: found }) => found.name],
  ['version', ({ package: found }) => found.version],
  ['vulnerability', ({ vulnerability }) => vulnerability],
  ['severity', ({ severity }) => severity],
  ['score', ({ score }) => score],
  ['score_source', ({ scores }) => scores[0]?.source],
  ['score_estimated', ({ scores }) => scores[0]?.isEstimated === true],
  ['fix_state', ({ fixState }) => fixState],
  ['fixed_version', ({ fixedVersion }) => fixedVersion],
  ['fix_available_at', ({ fixAvailableAt }) => fixAvailableAt],
  ['known_exploited', ({ knownExploited }) => knownExploited],
  ['epss', ({ epss }) => epss],
  ['undetermined', ({ isUndetermined }) => isUndetermined === true],
  ['malware', ({ isMalware }) => isMalware === true],
  ['vex_status', ({ vex }) => vex?.status],
  ['vex_justification', ({ vex }) => vex?.justification ?? vex?.statement],
  ['vex_author', ({ vex }) => vex?.author],
  ['published', ({ published }) => published],
  ['advisories', ({ advisories }) => advisories.map(({ id }) => id).join(' ')],
  ['aliases', ({ aliases }) => aliases.join(' ')],
  ['title', ({ title }) => title],
  ['path', ({ package: found }) => found.path],
  ['layer', ({ package: found }) => found.layer],
  ['purl', ({ package: found }) => found.purl],
  ['scanned_at', (_, { scannedAt }) => scannedAt],
  ['advisories_built_at', (_, { data }) => data.builtAt],
]

/**
 * The findings as a table (RFC 4180: CRLF, quotes doubled, a header line), those judged away at its end with their
 * `vex_status`. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
 */
export function writeCsv(report: ScanReport): string {
  const findings: readonly ReportedFinding[] = [...report.findings, ...report.suppressed]
  const lines = [
    columns.map(([name]) => name),
    ...findings.map((finding) => columns.map(([, of]) => cell(of(finding, report)))),
  ]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = /^\s*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
