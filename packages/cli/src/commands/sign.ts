import { open } from 'node:fs/promises'
import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { generateKeys } from '@berth/signing/keys.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { pathOf } from '../location.ts'
import { parsePairs } from '../sign/pairs.ts'
import { type Signed, signingHere, signingThere } from '../sign/sign-images.ts'
import { addSignerFlags, openSigner, password, type SignerFlags } from '../sign/signer.ts'
import { repeatable } from '../repeatable.ts'
import { formatTable } from '../table.ts'

type Flags = SignerFlags & {
  berthKey?: string
  annotate?: string[]
  tag?: true
  generateKey?: string
}

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
    .action((images: string[], flags: Flags) => sign(context, images, flags))
}

async function sign(
  context: CommandContext,
  images: readonly string[],
  flags: Flags,
): Promise<void> {
  if (flags.generateKey !== undefined) {
    await generateKey(context, flags.generateKey)
    return
  }
  if (images.length === 0) {
    throw new ClientError('inputInvalid', 'Which image? Name one or more.')
  }
  const references = images.map(parseImageReference)
  const annotations = parsePairs('--annotate', flags.annotate ?? [])
  const sign =
    flags.berthKey === undefined
      ? signingHere(context, await openSigner(context, flags), { annotations, forTag: flags.tag })
      : signingThere(context, flags.berthKey, annotations)
  const signed: Signed[] = []
  for (const reference of references) signed.push(await sign(reference))
  context.output.result({
    json: { signed },
    text: formatTable(
      [{ title: 'IMAGE', shrinks: true }, { title: 'DIGEST' }, { title: 'SIGNATURE', yields: 1 }],
      signed.map(({ image, digest, signature }) => [image, digest, signature]),
      context.output.columns,
    ),
  })
}

async function generateKey(context: CommandContext, name: string): Promise<void> {
  const { terminal, output } = context
  const { privateKeyPem, publicKeyPem } = await generateKeys(await password(context))
  const files = [`${name}.key`, `${name}.pub`]
  await writeNew(pathOf(files[0] ?? '', terminal.cwd), privateKeyPem, 0o600)
  await writeNew(pathOf(files[1] ?? '', terminal.cwd), publicKeyPem, 0o644)
  output.result({
    json: { files },
    text: `${files[0]}  keep it secret: it signs, with its password\n${files[1]}  give it to everyone who verifies`,
  })
}

/** Never over a key that is there: it could not be had back. */
async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new ClientError(
      'localFault',
      isThere ? `${file} is there already and is not overwritten.` : `${file} cannot be written.`,
      { next: 'Choose another name or folder.', cause },
    )
  }
}
