import { counted } from '../format.ts'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import type { BuildResult } from './build-result.ts'
import { groupFindings } from '../scan/group-findings.ts'
import { wrapText } from '../wrap.ts'
import type { ScanSummary } from './scan-summary.ts'

const shownMax = 10

/** Says which images did not pass their scan, why, and what became of them; the command then ends with code 9. */
export function tellBlocked({ services }: BuildResult, output: Output): void {
  for (const { service, scan, state } of services) {
    if (scan === null || scan.passed) continue
    const { blocking, failOn } = scan
    const count = `${counted(blocking.length, 'finding')} ${blocking.length === 1 ? 'is' : 'are'}`
    const severity = failOn === 'critical' ? 'critical' : `${failOn} or worse`
    const became = state === 'pushed' ? 'It is pushed, but not signed' : 'It is not pushed'
    const text = `${service}: ${count} ${severity}. ${became}.\n${formatBlocking(blocking)}`
    output.warn(wrapText(text, output.columns))
    output.exit = 'difference'
  }
}

function formatBlocking(blocking: ScanSummary['blocking']): string {
  const groups = groupFindings(blocking, (each) => each)
  const lines = groups.slice(0, shownMax).map(({ finding, packages }) => {
    const { severity, vulnerability, version, fixedVersion } = finding
    const mended = fixedVersion === null ? 'no version mends it' : `mended in ${fixedVersion}`
    return printable(`  ${severity} ${vulnerability}: ${packages} ${version}, ${mended}`)
  })
  const more = groups.length - lines.length
  return [...lines, ...(more > 0 ? [`  ${more} more; berth scan lists them.`] : [])].join('\n')
}
