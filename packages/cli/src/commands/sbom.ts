import { Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import type { Flags } from '../scan/run-sbom.ts'
import { scannable } from '../scan/scannable.ts'

/** `berth sbom`: what is in an image, in the formats that others read; and how two images differ. */
export function sbomCommand(context: CommandContext): Command {
  return new Command('sbom')
    .description('write down what is in an image, or how two images differ')
    .argument('<image>', scannable)
    .addOption(
      new Option('--format <format>', 'of the document')
        .choices(['spdx', 'cyclonedx'])
        .default('spdx'),
    )
    .option('--output <file>', 'write it there instead of printing it')
    .option('--platform <platform>', 'which image of an index, such as linux/arm64')
    .option('--attach', 'attach it to the image in its registry, as a referrer')
    .option('--diff <image>', 'compare with this instead: what a change from it to <image> changes')
    .addHelpText(
      'after',
      `
SPDX is 2.3 and CycloneDX 1.6, both as JSON. The same image makes the
same bytes.

Examples:
  berth sbom 127.0.0.1:5000/acme/api:1.4 --format cyclonedx --output api.cdx.json
  berth sbom 127.0.0.1:5000/acme/api:1.4 --attach
  berth sbom 127.0.0.1:5000/acme/api:1.5 --diff 127.0.0.1:5000/acme/api:1.4`,
    )
    .action(async (image: string, flags: Flags) =>
      (await import('../scan/run-sbom.ts')).run(context, image, flags),
    )
}
