import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

export type CommandEntry = {
  readonly group: 'Images' | 'Registries' | 'Projects of yours'
  /** One line for `berth --help`; the command's own description is the same line. */
  readonly summary: string
  /** Loaded only when it is called: a start must not read what it does not need. */
  load(): Promise<(context: CommandContext) => Command>
}

/** Every command that is a client, in the order of the help. Options of all of them are in `program.ts`. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {}

/** The commands of `@berth/server/program.ts`, which come with the server's own options. */
export const serverCommands: Readonly<Record<string, string>> = {
  serve: 'run the registry',
  user: 'manage users',
  project: 'manage projects and their members',
  audit: 'read and check the audit log',
  gc: 'remove what nothing refers to any more',
  fsck: 're-read everything stored and compare it with its digest',
  config: 'check and show the settings',
}
