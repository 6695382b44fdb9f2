import { ClientError } from '@berth/client/client-error.ts'
import { keylessSigner } from '@berth/signing/fulcio.ts'
import { readPrivateKey } from '@berth/signing/keys.ts'
import { keyBytesMax } from '@berth/signing/limits.ts'
import { KeyInvalid } from '@berth/signing/public-key.ts'
import { rekorWitness } from '@berth/signing/rekor.ts'
import { SigningServiceError } from '@berth/signing/service.ts'
import { localSigner, type Signer, type Witness } from '@berth/signing/signer.ts'
import { timestampWitness } from '@berth/signing/timestamp-authority.ts'
import type { CommandContext } from '../context.ts'
import { askText } from '../prompt.ts'
import { readInput } from './read-input.ts'
import type { SignerFlags } from './signer-flags.ts'

const tokenBytesMax = 64 * 1024

/** Who signs and who attests it. Throws `inputInvalid` for flags that do not go together and keys that cannot be read. */
export async function openSigner(
  context: CommandContext,
  flags: SignerFlags,
): Promise<{ signer: Signer; witnesses: Witness[] }> {
  if ((flags.key === undefined) === (flags.identityToken === undefined)) {
    throw new ClientError(
      'inputInvalid',
      'Who signs? Give either --key or --identity-token with --fulcio.',
      { next: 'A key is made with: berth sign --generate-key release' },
    )
  }
  const signer =
    flags.key === undefined
      ? await signByIdentity(context, flags)
      : await signByKey(context, flags.key)
  return { signer, witnesses: await openWitnesses(context, flags) }
}

async function signByKey(context: CommandContext, file: string): Promise<Signer> {
  const pem = (await readInput(context, file, { flag: '--key', maxBytes: keyBytesMax })).toString()
  const isEncrypted = /BEGIN ENCRYPTED/.test(pem)
  try {
    return localSigner(await readPrivateKey(pem, isEncrypted ? await password(context) : undefined))
  } catch (error) {
    if (!(error instanceof KeyInvalid)) throw error
    throw new ClientError('inputInvalid', `--key ${file}: ${error.message}`, { cause: error })
  }
}

/** From `BERTH_KEY_PASSWORD` or, as cosign has it, `COSIGN_PASSWORD`; else it is asked for. */
export async function password({ terminal, output }: CommandContext): Promise<string> {
  const given = terminal.env.BERTH_KEY_PASSWORD ?? terminal.env.COSIGN_PASSWORD
  if (given !== undefined) return given
  return askText(output, {
    text: 'Password of the private key',
    isSecret: true,
    otherwise: 'Set BERTH_KEY_PASSWORD.',
  })
}

async function signByIdentity(context: CommandContext, flags: SignerFlags): Promise<Signer> {
  const { identityToken = '', fulcio } = flags
  if (fulcio === undefined) {
    throw new ClientError('inputInvalid', '--identity-token needs --fulcio.', {
      next: 'Name the certificate authority, such as --fulcio https://fulcio.sigstore.dev.',
    })
  }
  const read = { flag: '--identity-token', maxBytes: tokenBytesMax }
  const token = (await readInput(context, identityToken, read)).toString().trim()
  const fetch = await fetchOf(context, '--fulcio', fulcio)
  return explained(() => keylessSigner({ identityToken: token, fulcioUrl: fulcio, fetch }))
}

async function openWitnesses(context: CommandContext, flags: SignerFlags): Promise<Witness[]> {
  const witnesses: Witness[] = []
  const { rekor, rekorVersion = '1', timestampAuthority } = flags
  if (rekorVersion !== '1' && rekorVersion !== '2') {
    throw new ClientError('inputInvalid', `--rekor-version ${rekorVersion} is neither 1 nor 2.`)
  }
  if (rekor !== undefined) {
    const fetch = await fetchOf(context, '--rekor', rekor)
    witnesses.push(rekorWitness({ url: rekor, version: rekorVersion === '1' ? 1 : 2, fetch }))
  }
  if (timestampAuthority !== undefined) {
    const fetch = await fetchOf(context, '--timestamp-authority', timestampAuthority)
    witnesses.push(timestampWitness({ url: timestampAuthority, fetch }))
  }
  return witnesses
}

/** With the proxies and authorities of the command. Throws `inputInvalid` for what is no address. */
async function fetchOf(context: CommandContext, flag: string, url: string): Promise<typeof fetch> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new ClientError(
      'inputInvalid',
      `${flag} ${url} is not an address: write it with https://.`,
    )
  }
  return (await context.client()).fetchFor(new URL(url).host)
}

/** Runs `work`; what a signing service refuses becomes an error of the command. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SigningServiceError)) throw error
    throw new ClientError('serverFault', error.message, { cause: error })
  }
}
