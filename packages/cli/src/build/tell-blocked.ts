import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import type { BuildResult } from './build-result.ts'
import type { ScanSummary } from './scan-summary.ts'

const shownMax = 10

/** Says which images did not pass their scan, why, and what became of them; the command then ends with code 9. */
export function tellBlocked({ services }: BuildResult, output: Output): void {
  for (const { service, scan, state } of services) {
    if (scan === null || scan.passed) continue
    const { blocking, failOn } = scan
    const count = blocking.length === 1 ? '1 finding is' : `${blocking.length} findings are`
    const severity = failOn === 'critical' ? 'critical' : `${failOn} or worse`
    const became = state === 'pushed' ? 'It is pushed, but not signed' : 'It is not pushed'
    output.warn(`${service}: ${count} ${severity}. ${became}.\n${formatBlocking(blocking)}`)
    output.exit = 'difference'
  }
}

function formatBlocking(blocking: ScanSummary['blocking']): string {
  const lines = blocking.slice(0, shownMax).map((each) => {
    const { severity, vulnerability, version, fixedVersion } = each
    const mended = fixedVersion === null ? 'no version mends it' : `mended in ${fixedVersion}`
    return printable(`  ${severity} ${vulnerability}: ${each.package} ${version}, ${mended}`)
  })
  const more = blocking.length - lines.length
  return [...lines, ...(more > 0 ? [`  ${more} more; berth scan lists them.`] : [])].join('\n')
}
