import { Command } from 'commander'
import { stringify } from 'yaml'
import { redactConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'

/** `berth config`: checks the settings, or shows those in force with every secret left out. */
export function configCommand(load: () => Config): Command {
  const command = new Command('config').description('check or show the settings')
  command
    .command('check')
    .description('read all settings and report every fault')
    .action(() => {
      load()
      process.stdout.write('The configuration is good.\n')
    })
  command
    .command('show')
    .description('print the settings in force, without secrets')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const config = redactConfig(load())
      process.stdout.write(
        options.json ? `${JSON.stringify(config, null, 2)}\n` : stringify(config),
      )
    })
  return command
}
