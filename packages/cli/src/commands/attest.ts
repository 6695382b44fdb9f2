import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { predicateWords } from '../sign/predicate-types.ts'
import type { Flags } from '../sign/run-attest.ts'
import { addSignerFlags } from '../sign/signer-flags.ts'

/** `berth attest`: states something about an image, signed: where it comes from, what is in it, what affects it. */
export function attestCommand(context: CommandContext): Command {
  const command = new Command('attest')
    .description('state something about an image, signed: provenance, SBOM, scan, VEX')
    .argument('<image>', 'registry/repository:tag or registry/repository@sha256:…')
    .requiredOption('--predicate <file>', 'what is stated, as JSON; "-" is standard input')
    .requiredOption('--type <type>', `${predicateWords.join(', ')}, or a URI`)
    .option('--tag', "store it under cosign 2's tag, for registries without referrers")
  return addSignerFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  berth sbom 127.0.0.1:5000/acme/api:1.4 --format spdx > api.spdx.json
  berth attest --key release.key --type spdx --predicate api.spdx.json \\
    127.0.0.1:5000/acme/api:1.4`,
    )
    .action(async (image: string, flags: Flags) =>
      (await import('../sign/run-attest.ts')).run(context, image, flags),
    )
}
