import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { repeatable } from '../repeatable.ts'
import type { Flags } from '../sign/run-sign.ts'
import { addSignerFlags } from '../sign/signer-flags.ts'

/** `berth sign`: signs images as cosign does, with a key of one's own, an identity, or a key that Berth holds. */
export function signCommand(context: CommandContext): Command {
  const command = new Command('sign')
    .description('sign images, so that others can tell that they are yours')
    .argument('[image...]', 'registry/repository:tag or registry/repository@sha256:…')
  return addSignerFlags(command)
    .option('--berth-key <name>', 'sign with a key that the Berth of the image holds')
    .addOption(repeatable('--annotate <key=value>', 'say this in the signature; may be repeated'))
    .option('--tag', "store it under cosign 2's tag, for registries without referrers")
    .option('--generate-key <name>', 'make a key pair: name.key with a password, and name.pub')
    .addHelpText(
      'after',
      `
A tag is signed by the digest that it has now. cosign 3 verifies what this
signs, and "berth verify --key" what cosign signs.

Examples:
  berth sign --generate-key release
  berth sign --key release.key 127.0.0.1:5000/acme/api:1.4
  berth sign --berth-key release 127.0.0.1:5000/acme/api:1.4
  berth sign --identity-token token.jwt --fulcio https://fulcio.example.com \\
    --rekor https://rekor.example.com registry.example.com/acme/api:1.4`,
    )
    .action(async (images: string[], flags: Flags) =>
      (await import('../sign/run-sign.ts')).sign(context, images, flags),
    )
}
