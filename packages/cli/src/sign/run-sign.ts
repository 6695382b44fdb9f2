import { open } from 'node:fs/promises'
import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { generateKeys } from '@berth/signing/keys.ts'
import type { CommandContext } from '../context.ts'
import { pathOf } from '../location.ts'
import { parsePairs } from './pairs.ts'
import { type Signed, signingHere, signingThere } from './sign-images.ts'
import { openSigner, password } from './signer.ts'
import type { SignerFlags } from './signer-flags.ts'
import { formatTable } from '../table.ts'

export type Flags = SignerFlags & {
  berthKey?: string
  annotate?: string[]
  tag?: true
  generateKey?: string
}

export async function sign(
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
