import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { payloadBytesMax } from '@berth/signing/limits.ts'
import { attest, attestForTag } from '@berth/signing/sign.ts'
import type { CommandContext } from '../context.ts'
import { predicateTypeOf } from './predicate-types.ts'
import { publishSignature } from './publish.ts'
import { readInput } from './read-input.ts'
import { explained, openSigner } from './signer.ts'
import type { SignerFlags } from './signer-flags.ts'
import { openSubject } from './subject.ts'

export type Flags = SignerFlags & { predicate: string; type: string; tag?: true }

export async function run(context: CommandContext, image: string, flags: Flags): Promise<void> {
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
