import { Command, Option } from 'commander'
import { auditCommand } from './commands/audit.ts'
import { configCommand } from './commands/config.ts'
import { gcCommand } from './commands/gc.ts'
import { projectCommand } from './commands/project.ts'
import { serveCommand } from './commands/serve.ts'
import { userCommand } from './commands/user.ts'
import { fsckCommand } from './commands/fsck.ts'
import { loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { ConfigError } from './config/config-error.ts'
import { openAccessOffline, openAuditOffline, openRegistryOffline } from './offline.ts'
import { version } from './version.ts'

/** Faults of the configuration have an exit code of their own, so that a supervisor need not try again. */
const exitCodes = { failure: 1, configuration: 78 }

/** The server's commands with their options. */
export function serverProgram(): Command {
  const program = new Command('berth')
    .description('Berth: a registry for containers and models.')
    .version(version)
    .addOption(new Option('--config <file>', 'YAML file with settings').env('BERTH_CONFIG'))
    .showHelpAfterError('Run `berth --help` to see what there is.')
  const load = (): Config => loadConfig({ file: program.opts<{ config?: string }>().config })
  program.addCommand(serveCommand(load))
  program.addCommand(userCommand(() => openAccessOffline(load())))
  program.addCommand(projectCommand(() => openAccessOffline(load())))
  program.addCommand(auditCommand(() => openAuditOffline(load())))
  program.addCommand(gcCommand(() => openRegistryOffline(load())))
  program.addCommand(fsckCommand(() => openRegistryOffline(load())))
  program.addCommand(configCommand(load))
  return program
}

/** Runs a command of the server and says what the process is to end with. Faults are told in words on standard error. */
export async function runServerCommand(argv: readonly string[]): Promise<number> {
  const program = serverProgram()
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`)
      return exitCodes.configuration
    }
    if (!(error instanceof Error)) throw error
    const reason = error.cause instanceof Error ? ` (${error.cause.message})` : ''
    process.stderr.write(`error: ${error.message}${reason}\n`)
    return exitCodes.failure
  }
}
