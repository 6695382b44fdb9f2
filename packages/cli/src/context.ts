import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What every command gets. */
export type CommandContext = {
  readonly terminal: Terminal
  /** Knows `--json` and `--quiet` from the moment that an action runs; not to be asked before. */
  readonly output: Output
  /** Ends with the first Ctrl-C or SIGTERM; the second one ends the process. */
  readonly signal: AbortSignal
  /** Made at its first use, from the global options, and the same from then on. */
  client(): Promise<RegistryClient>
}
