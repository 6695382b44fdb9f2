import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { repeatable } from '../repeatable.ts'
import { reportFormats } from '../scan/formats.ts'
import type { Flags } from '../scan/run-scan.ts'
import { scannable } from '../scan/scannable.ts'

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
    .action(async (image: string, flags: Flags) =>
      (await import('../scan/run-scan.ts')).scan(context, image, flags),
    )
}
