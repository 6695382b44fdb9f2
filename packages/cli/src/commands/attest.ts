import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { payloadBytesMax } from '@berth/signing/limits.ts'
import { attest, attestForTag } from '@berth/signing/sign.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { predicateTypeOf, predicateWords } from '../sign/predicate-types.ts'
import { publishSignature } from '../sign/publish.ts'
import { readInput } from '../sign/read-input.ts'
import { addSignerFlags, explained, openSigner, type SignerFlags } from '../sign/signer.ts'
import { openSubject } from '../sign/subject.ts'

type Flags = SignerFlags & { predicate: string; type: string; tag?: true }

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
    .action((image: string, flags: Flags) => run(context, image, flags))
}

async function run(context: CommandContext, image: string, flags: Flags): Promise<void> {
  const predicateType = predicateTypeOf(flags.type)
  const predicate = parsePredicate(
    flags.predicate,
    await readInput(context, flags.predicate, { flag: '--predicate', maxBytes: payloadBytesMax }),
  )
  const { signer, witnesses } = await openSigner(context, flags)
  const { place, subject, name } = await openSubject(context, parseImageReference(image))
  const request = { subject, signer, witnesses, predicateType, predicate }
  const artifact = await explained(() => (flags.tag ? attestForTag(request) : attest(request)))
  const attestation = await publishSignature(place, artifact, subject, context.signal)
  context.output.result({
    json: { image: name, digest: subject.digest, predicateType, attestation },
    text: `${name} has the attestation ${attestation} (${predicateType}).`,
  })
}

function parsePredicate(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw new ClientError(
      'inputInvalid',
      `--predicate ${file} is not JSON: ${(cause as Error).message}.`,
      { cause },
    )
  }
}
