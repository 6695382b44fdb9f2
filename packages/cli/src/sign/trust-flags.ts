import type { Command } from 'commander'
import { repeatable } from '../repeatable.ts'

/** Flags that say whose signatures count. */
export type TrustFlags = {
  key?: string[]
  certificateIdentity?: string
  certificateIssuer?: string
  trustedRoot?: string
  notationCertificate?: string[]
  notationSubject?: string
}

export function addTrustFlags(command: Command): Command {
  return command
    .addOption(repeatable('--key <file>', 'public key whose signatures count; may be repeated'))
    .option('--certificate-identity <text>', 'who signed without a key; "*" stands for anything')
    .option('--certificate-issuer <url>', 'who vouches for that identity; "*" stands for anything')
    .option(
      '--trusted-root <file>',
      'trusted_root.json of the Sigstore that issued the certificate',
    )
    .addOption(
      repeatable('--notation-certificate <file>', 'authority whose Notation signatures count'),
    )
    .option('--notation-subject <name>', 'subject of the signing certificate: CN=release,O=Acme')
}

/** Whether any of the flags is given: then signatures are verified too. */
export function wantsTrust(flags: TrustFlags): boolean {
  const { key, certificateIdentity, certificateIssuer, notationCertificate } = flags
  return [key, certificateIdentity, certificateIssuer, notationCertificate].some(
    (flag) => flag !== undefined,
  )
}
