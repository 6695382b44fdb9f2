import { ClientError } from '@berth/client/client-error.ts'
import { Unreadable } from '@berth/scanner/detector.ts'
import type { ScanReport } from '@berth/scanner/finding.ts'
import { readVex } from '@berth/scanner/vex/read-vex.ts'
import type { CommandContext } from '../context.ts'
import { advisoriesFile, openAdvisoriesFile } from './advisories-file.ts'
import { formatFindings } from './format-findings.ts'
import { reportFormats, writeReport } from './formats.ts'
import { writeTo } from './output-file.ts'
import { reportOn } from './report-on.ts'
import { catalogueSubject } from './scan-subject.ts'
import { isAtLeast, parseSeverity } from './severity.ts'
import { readInput } from '../sign/read-input.ts'

export type Flags = {
  format: string
  output?: string
  failOn?: string
  severity?: string
  onlyFixed?: true
  platform?: string
  advisories?: string
  vex?: string[]
}

const vexBytesMax = 32 * 1024 * 1024

export async function scan(context: CommandContext, image: string, flags: Flags): Promise<void> {
  const { output } = context
  const failOn = flags.failOn === undefined ? undefined : parseSeverity('--fail-on', flags.failOn)
  const least =
    flags.severity === undefined ? 'unknown' : parseSeverity('--severity', flags.severity)
  if (flags.format !== 'table' && !reportFormats.includes(flags.format)) {
    throw new ClientError('inputInvalid', `--format ${flags.format} is not known.`, {
      next: `Known are table, ${reportFormats.join(', ')}.`,
    })
  }
  const report = await scanSubject(context, image, flags)
  const shown = report.findings.filter((finding) => isAtLeast(finding, least))
  if (flags.format === 'table') {
    const text = formatFindings(report, shown, output)
    if (flags.output === undefined) output.result({ json: report, text })
    else await writeTo(context, flags.output, `${formatFindings(report, shown, plain)}\n`)
  } else await writeTo(context, flags.output ?? '-', await writeReport(report, flags.format))
  if (failOn !== undefined && report.findings.some((finding) => isAtLeast(finding, failOn))) {
    output.exit = 'difference'
  }
}

/** Into a file nothing but text. */
const plain = { columns: undefined, style: (_: unknown, text: string) => text }

async function scanSubject(
  context: CommandContext,
  image: string,
  flags: Pick<Flags, 'advisories' | 'vex' | 'onlyFixed' | 'platform'>,
): Promise<ScanReport> {
  // First: to read a whole image and then have nothing to compare it with would waste it.
  const database = openAdvisoriesFile(advisoriesFile(context, flags.advisories))
  try {
    const statements = []
    for (const file of flags.vex ?? []) statements.push(...(await readStatements(context, file)))
    const scanned = await catalogueSubject(context, image, flags)
    return reportOn(database, scanned, { onlyFixed: flags.onlyFixed, statements })
  } finally {
    database.close()
  }
}

async function readStatements(context: CommandContext, file: string) {
  const bytes = await readInput(context, file, { flag: '--vex', maxBytes: vexBytesMax })
  try {
    return readVex(bytes)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new ClientError('inputInvalid', `--vex ${file}: ${error.message}`, { cause: error })
  }
}
