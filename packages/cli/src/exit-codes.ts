import type { ClientErrorKind } from '@berth/client/client-error.ts'

/** What the command ends with. `docs/reference/cli/exit-codes.md` is made from this table. */
export const exitCodes = {
  done: { code: 0, meaning: 'everything that was asked for is done' },
  failed: { code: 1, meaning: 'a fault that has no code of its own' },
  usage: { code: 2, meaning: 'the command line, a file or a name given to it is wrong' },
  notFound: { code: 3, meaning: 'there is no such image, tag, platform or file' },
  unauthenticated: { code: 4, meaning: 'credentials are missing, wrong or expired' },
  denied: { code: 5, meaning: 'the registry knows you and refuses' },
  network: { code: 6, meaning: 'the registry cannot be reached, breaks off or fails' },
  rateLimited: { code: 7, meaning: 'the registry asks to come back later' },
  integrity: {
    code: 8,
    meaning: 'content is not what its digest says, or not signed as it should be',
  },
  difference: { code: 9, meaning: 'a check was made and found a difference: lock, diff, doctor' },
  tool: { code: 10, meaning: 'another program is missing or failed: docker, buildah, a helper' },
  local: { code: 11, meaning: 'this machine: disk full, file not readable or writable' },
  unsupported: { code: 12, meaning: 'the registry cannot do this' },
  configuration: { code: 78, meaning: 'the settings of the server are wrong' },
  cancelled: { code: 130, meaning: 'it was stopped' },
} as const

export type ExitName = keyof typeof exitCodes

export const exitNameOf: Readonly<Record<ClientErrorKind, ExitName>> = {
  inputInvalid: 'usage',
  referenceInvalid: 'usage',
  notFound: 'notFound',
  platformMissing: 'notFound',
  unauthenticated: 'unauthenticated',
  denied: 'denied',
  unreachable: 'network',
  tlsUntrusted: 'network',
  connectionLost: 'network',
  serverFault: 'network',
  rateLimited: 'rateLimited',
  digestMismatch: 'integrity',
  unsupported: 'unsupported',
  localFault: 'local',
  toolMissing: 'tool',
  toolFailed: 'tool',
  cancelled: 'cancelled',
}
