import { ClientError } from '@berth/client/client-error.ts'
import { Unreadable } from '@berth/scanner/detector.ts'
import type { ScanReport } from '@berth/scanner/finding.ts'
import { readVex } from '@berth/scanner/vex/read-vex.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { repeatable } from '../repeatable.ts'
import { advisoriesFile, openAdvisoriesFile } from '../scan/advisories-file.ts'
import { formatFindings } from '../scan/format-findings.ts'
import { reportFormats, writeReport } from '../scan/formats.ts'
import { writeTo } from '../scan/output-file.ts'
import { reportOn } from '../scan/report-on.ts'
import { catalogueSubject, scannable } from '../scan/scan-subject.ts'
import { isAtLeast, parseSeverity } from '../scan/severity.ts'
import { readInput } from '../sign/read-input.ts'

type Flags = {
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

/** `berth scan`: what is known to be wrong with an image, a folder or an SBOM, on this machine alone. */
export function scanCommand(context: CommandContext): Command {
  return new Command('scan')
    .description('find what is known to be wrong with the packages in an image')
    .argument('<image>', scannable)
    .option('--format <format>', `table, ${reportFormats.join(', ')}`, 'table')
    .option('--output <file>', 'write the report there instead of printing it')
    .option('--fail-on <severity>', 'end with code 9 when there is one as bad as this, or worse')
    .option('--severity <severity>', 'show only those as bad as this, or worse')
    .option('--only-fixed', 'show and count only those that an upgrade mends')
    .option('--platform <platform>', 'which image of an index, such as linux/arm64')
    .option('--advisories <file>', 'the database of advisories (or BERTH_ADVISORIES)')
    .addOption(
      repeatable('--vex <file>', 'OpenVEX or CycloneDX with what does not matter; repeatable'),
    )
    .addHelpText(
      'after',
      `
Nothing leaves this machine but the requests for the image. Advisories come from
"berth advisories import" or "pull"; without any, the command says so and fails.

Examples:
  berth scan 127.0.0.1:5000/acme/api:1.4
  berth scan dir:. --fail-on high
  berth scan oci-archive:api.tar --format sarif --output api.sarif`,
    )
    .action((image: string, flags: Flags) => scan(context, image, flags))
}

async function scan(context: CommandContext, image: string, flags: Flags): Promise<void> {
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
