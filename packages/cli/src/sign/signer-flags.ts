import type { Command } from 'commander'

/** Flags of everything that signs. */
export type SignerFlags = {
  key?: string
  identityToken?: string
  fulcio?: string
  rekor?: string
  rekorVersion?: string
  timestampAuthority?: string
}

export function addSignerFlags(command: Command): Command {
  return command
    .option('--key <file>', 'private key: a cosign.key or PEM; its password is asked for')
    .option('--identity-token <file>', 'OpenID token, to sign without a key of your own')
    .option('--fulcio <url>', 'who issues the certificate for that identity')
    .option('--rekor <url>', 'transparency log that the signature goes to')
    .option('--rekor-version <1|2>', 'what the log speaks', '1')
    .option('--timestamp-authority <url>', 'who attests the time of signing')
}
