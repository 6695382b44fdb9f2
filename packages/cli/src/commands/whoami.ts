import { ClientError } from '@berth/client/client-error.ts'
import type { CredentialPlace } from '@berth/client/credentials/known-credentials.ts'
import { parseRegistryHost } from '@berth/client/image-reference.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import type { KnownLogin } from '../login/known-logins.ts'
import { printable } from '../printable.ts'
import type { GlobalOptions } from '../global-options.ts'
import { formatTable } from '../table.ts'

/** What `berth whoami --json` prints: `{ "logins": [...] }`. */
export type WhoamiJson = { readonly logins: readonly LoginStateJson[] }

export type LoginStateJson = {
  readonly registry: string
  /** The path below which it counts; null for the whole registry. */
  readonly namespace: string | null
  readonly username: string | null
  readonly kind: KindName | null
  readonly storedIn: CredentialPlace
  readonly expiresAt: string | null
  /** Whether the registry accepts it now; null when it could not be asked. */
  readonly valid: boolean | null
  readonly fault: string | null
}

const columns = [
  { title: 'REGISTRY', shrinks: true },
  { title: 'USER', shrinks: true },
  { title: 'KIND' },
  { title: 'VALID' },
  { title: 'EXPIRES' },
  { title: 'STORED IN', shrinks: true },
] as const

export function whoamiCommand(context: CommandContext): Command {
  return new Command('whoami')
    .description('show your logins, and whether they are accepted now')
    .argument('[registry]', 'only this one; without it all that are stored')
    .addHelpText(
      'after',
      `
Each login is tried on its registry. Secrets are never shown. With a registry
it ends with 4 when you are not logged in there; without one it ends with 9
when a login is not accepted.

Examples:
  berth whoami
  berth whoami ghcr.io --json`,
    )
    .action(async (address: string | undefined, _: unknown, command: Command) => {
      const { output, signal } = context
      const registry = address === undefined ? undefined : parseRegistryHost(address)
      const { openClientParts } = await import('../client.ts')
      const { readKnownLogins, readLogin } = await import('../login/known-logins.ts')
      const parts = openClientParts(command.optsWithGlobals<GlobalOptions>(), output)
      const logins =
        registry === undefined
          ? await readKnownLogins(output, parts, signal)
          : [await readLogin(parts, { registry, namespace: undefined }, signal)].filter(
              (each) => each !== undefined,
            )
      if (registry !== undefined && logins.length === 0) throw notLoggedIn(registry)
      const text = logins.length === 0 ? 'No logins are stored.' : table(logins, output.columns)
      output.result({ json: { logins: logins.map(stateJson) } satisfies WhoamiJson, text })
      for (const { fault } of logins) if (fault !== undefined) output.warn(fault)
      if (logins.some(({ isValid }) => isValid === false)) {
        output.exit = registry === undefined ? 'difference' : 'unauthenticated'
      } else if (registry !== undefined && logins[0]?.isValid === undefined) {
        output.exit = 'network'
      }
    })
}

function notLoggedIn(registry: string): ClientError {
  return new ClientError('unauthenticated', `You are not logged in to ${registry}.`, {
    next: `Run "berth login ${registry}".`,
  })
}

function stateJson(login: KnownLogin): LoginStateJson {
  const { registry, namespace, username, kind, place, expiresAt, isValid, fault } = login
  return {
    registry,
    namespace: namespace ?? null,
    username: username ?? null,
    kind: kind ?? null,
    storedIn: place,
    expiresAt: expiresAt?.toISOString() ?? null,
    valid: isValid ?? null,
    fault: fault ?? null,
  }
}

function table(logins: readonly KnownLogin[], width: number | undefined): string {
  const rows = logins.map((login) => [
    login.namespace === undefined ? login.registry : `${login.registry}/${login.namespace}`,
    printable(login.username ?? '(token)'),
    login.kind ?? 'unknown',
    login.isValid === undefined ? 'not known' : login.isValid ? 'yes' : 'no',
    login.expiresAt?.toISOString().slice(0, 16).replace('T', ' ') ?? '',
    printable(login.place.name),
  ])
  return formatTable(columns, rows, width)
}
