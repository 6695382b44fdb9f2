import type { CredentialPlace } from '@berth/client/credentials/known-credentials.ts'
import { dockerHub, parseRegistryHost } from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import type { GlobalOptions } from '../global-options.ts'

/** What `berth logout --json` prints. */
export type LogoutJson = {
  readonly registry: string
  /** Where the login was; empty when there was none. */
  readonly removedFrom: readonly CredentialPlace[]
  /** Where another login is found from now on; null when nowhere. */
  readonly remaining: CredentialPlace | null
}

export function logoutCommand(context: CommandContext): Command {
  return new Command('logout')
    .description('remove a login wherever it is stored')
    .argument('[registry]', 'the address of the registry; without it Docker Hub')
    .addHelpText(
      'after',
      `
It is removed from docker's configuration, podman's files and the helpers that
they name. The registry is not told: whoever has a copy of the password or key
can go on using it.

Examples:
  berth logout ghcr.io
  berth logout registry.example.com --json`,
    )
    .action(async (address: string | undefined, _: unknown, command: Command) => {
      const registry = parseRegistryHost(address ?? dockerHub)
      const { openClientParts } = await import('../client.ts')
      const { output, signal } = context
      const { credentials: store } = openClientParts(
        command.optsWithGlobals<GlobalOptions>(),
        output,
      )
      const removedFrom = await store.erase(registry, signal)
      const remaining = (await store.find(registry, signal).catch(() => undefined))?.place ?? null
      const names = removedFrom.map(({ name }) => name).join(', ')
      const json: LogoutJson = { registry, removedFrom, remaining }
      const text =
        removedFrom.length === 0
          ? `No login for ${registry} was stored.`
          : `Logged out of ${registry}: removed from ${names}.`
      output.result({ json, text })
      if (remaining !== null) {
        output.warn(
          `${registry} is still logged in to by ${remaining.name}, which Berth does not change.`,
        )
      }
    })
}
