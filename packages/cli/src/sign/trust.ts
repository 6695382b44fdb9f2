import { ClientError } from '@berth/client/client-error.ts'
import { keyBytesMax, trustedRootBytesMax } from '@berth/signing/limits.ts'
import {
  parseTextOrGlob,
  type Trust,
  trustedIdentity,
  type TrustedIdentity,
} from '@berth/signing/trust.ts'
import { parseTrustedRoot, TrustedRootInvalid } from '@berth/signing/trusted-root.ts'
import type { CommandContext } from '../context.ts'
import { readInput } from './read-input.ts'
import type { TrustFlags } from './trust-flags.ts'

/** Throws `inputInvalid` for flags that do not go together, and for keys and roots that cannot be read. */
export async function readTrust(context: CommandContext, flags: TrustFlags): Promise<Trust> {
  const identities: TrustedIdentity[] = []
  for (const file of flags.key ?? []) {
    const read = { flag: '--key', maxBytes: keyBytesMax }
    const publicKeyPem = (await readInput(context, file, read)).toString()
    identities.push(check(`--key ${file}`, { name: file, kind: 'key', publicKeyPem }))
  }
  const roots = []
  const { certificateIdentity: subject, certificateIssuer: issuer, trustedRoot } = flags
  if (subject !== undefined || issuer !== undefined) {
    if (subject === undefined || issuer === undefined || trustedRoot === undefined) {
      throw new ClientError(
        'inputInvalid',
        '--certificate-identity, --certificate-issuer and --trusted-root belong together.',
        { next: 'Without all three anybody with an account could have signed.' },
      )
    }
    roots.push(await readRoot(context, trustedRoot))
    const keyless = {
      kind: 'keyless',
      issuer: parseTextOrGlob(issuer),
      subject: parseTextOrGlob(subject),
    }
    identities.push(check('--certificate-identity', { name: subject, ...keyless }))
  }
  if (flags.notationCertificate !== undefined) {
    const certificates = []
    for (const file of flags.notationCertificate) {
      const read = { flag: '--notation-certificate', maxBytes: keyBytesMax }
      certificates.push((await readInput(context, file, read)).toString())
    }
    const { notationSubject } = flags
    identities.push(
      check('--notation-certificate', {
        name: notationSubject ?? flags.notationCertificate[0],
        kind: 'notation',
        certificates,
        ...(notationSubject !== undefined && { subjects: [notationSubject] }),
      }),
    )
  }
  return { identities, roots }
}

async function readRoot(context: CommandContext, file: string) {
  const read = { flag: '--trusted-root', maxBytes: trustedRootBytesMax }
  const json = await readInput(context, file, read)
  try {
    return parseTrustedRoot(file, json)
  } catch (error) {
    if (!(error instanceof TrustedRootInvalid)) throw error
    throw new ClientError('inputInvalid', `--trusted-root ${file}: ${error.message}`, {
      cause: error,
    })
  }
}

function check(flag: string, identity: unknown): TrustedIdentity {
  const parsed = trustedIdentity.safeParse(identity)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ClientError('inputInvalid', `${flag}: ${issue?.message ?? 'it cannot be read'}`)
}
