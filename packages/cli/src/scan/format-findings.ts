import {
  type PackageFinding,
  type ScanReport,
  severities,
  type Severity,
} from '@berth/scanner/finding.ts'
import { counted, formatAge } from '../format.ts'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import { wrapText } from '../wrap.ts'
import { groupFindings } from './group-findings.ts'
import { countSeverities } from './severity.ts'

type Look = Pick<Output, 'columns' | 'style'>

const sourcesMax = 12

const colors: Readonly<Record<Severity, Parameters<Output['style']>[0]>> = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'dim',
  negligible: 'dim',
  unknown: 'dim',
}

/** The report for people: what is wrong and what mends it, then what was not looked at and how old the data is. */
export function formatFindings(
  report: ScanReport,
  shown: readonly PackageFinding[],
  look: Look,
): string {
  const sections = [
    shown.length === 0 ? '' : findingsTable(shown, look),
    summary(report, shown),
    notCovered(report, look),
    dataAge(report, look),
  ]
  return sections.filter((each) => each !== '').join('\n\n')
}

function findingsTable(findings: readonly PackageFinding[], look: Look): string {
  const groups = groupFindings(findings, (finding) => ({
    ...finding,
    package: finding.package.name,
    version: finding.package.version,
  }))
  return formatTable(
    [
      { title: 'SEVERITY' },
      { title: 'SCORE', align: 'right', yields: 1 },
      { title: 'VULNERABILITY' },
      { title: 'PACKAGE', shrinks: true },
      { title: 'INSTALLED', shrinks: true },
      { title: 'FIXED IN', shrinks: true },
      // Never left out: that something is exploited counts more than its score.
      { title: groups.some(({ finding }) => notes(finding) !== '') ? 'NOTES' : '' },
    ],
    groups.map(({ finding, packages }) => [
      look.style(colors[finding.severity], finding.severity),
      finding.score === 0 ? '-' : finding.score.toFixed(1),
      printable(finding.vulnerability),
      printable(packages),
      printable(finding.package.version),
      printable(finding.fixedVersion ?? (finding.fixState === 'wontFix' ? "won't fix" : '-')),
      notes(finding),
    ]),
    look.columns,
  )
}

function notes({ knownExploited, isMalware, isUndetermined, epss }: PackageFinding): string {
  return [
    knownExploited === undefined ? '' : 'exploited',
    isMalware === true ? 'malware' : '',
    isUndetermined === true ? 'version unclear' : '',
    epss !== undefined && epss >= 0.1 ? `EPSS ${Math.round(epss * 100)} %` : '',
  ]
    .filter((each) => each !== '')
    .join(', ')
}

function summary(report: ScanReport, shown: readonly PackageFinding[]): string {
  const { catalogue, findings, suppressed, artifact } = report
  const counts = countSeverities(findings)
  const parts = severities.flatMap((each) =>
    counts[each] === 0 ? [] : [`${counts[each]} ${each}`],
  )
  const system = catalogue.distribution
  const lines = [
    `${printable(artifact.name)}: ${counted(catalogue.packages.length, 'package')}${system ? `, ${printable(system.name)}` : ''}`,
    catalogue.packages.length === 0
      ? 'No package was found in it, so there was nothing to compare.'
      : findings.length === 0
        ? 'No advisory says anything against them.'
        : `${counted(findings.length, 'finding')}: ${parts.join(', ')}`,
  ]
  if (shown.length < findings.length) lines.push(`${findings.length - shown.length} not shown.`)
  if (suppressed.length > 0) lines.push(`${suppressed.length} judged not to matter (VEX).`)
  const end = system?.endOfLife
  if (end !== undefined && end < report.scannedAt.slice(0, 10)) {
    lines.push(`${printable(system?.name ?? '')} gets no more fixes since ${end}.`)
  }
  return lines.join('\n')
}

function notCovered({ catalogue }: ScanReport, { columns }: Look): string {
  if (catalogue.notCovered.length === 0) return ''
  const shown = catalogue.notCovered.slice(0, 10)
  const lines = shown.map(({ path, reason }) =>
    wrapText(`  ${printable(path)}: ${printable(reason)}`, columns),
  )
  const more = catalogue.notCovered.length - shown.length
  if (more > 0) lines.push(`  ${more} more; --format trivy or --json has all.`)
  return ['Not covered, so not known to be clean:', ...lines].join('\n')
}

/** Each source with its own day: that one is fresh says nothing of the others. */
function dataAge({ data, scannedAt }: ScanReport, { columns }: Look): string {
  if (data.builtAt === null) return 'There are no advisories: nothing was compared with anything.'
  const age = formatAge(new Date(data.builtAt), new Date(scannedAt))
  const sources = data.sources.map(({ name, builtAt }) => `${name} (${builtAt.slice(0, 10)})`)
  const more = sources.length > sourcesMax ? ` and ${sources.length - sourcesMax} more` : ''
  const list = `${sources.slice(0, sourcesMax).join(', ')}${more}`
  return wrapText(`Advisories, newest ${age}: ${list}`, columns)
}
