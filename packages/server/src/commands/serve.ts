import { Command } from 'commander'
import { openApp } from '../app.ts'
import type { Config } from '../config/schema.ts'
import { createLogger } from '../log.ts'
import { welcomeText } from './welcome.ts'

/** `berth serve`: runs the registry until SIGTERM or SIGINT, then lets the requests under way finish. */
export function serveCommand(load: () => Config): Command {
  return new Command('serve').description('run the registry').action(async () => {
    const config = load()
    const logger = createLogger(config.log)
    const app = await openApp(config, { logger })
    // Standard error, since standard output is a stream of log lines for machines.
    process.stderr.write(welcomeText(config, app))

    let stopping: Promise<void> | undefined
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) {
        logger.warn({ signal }, 'told to stop twice: ending at once')
        process.exit(130)
      }
      logger.info({ signal }, 'stopping: finishing the requests under way')
      stopping = app.close().then(() => logger.close())
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    await app.closed
    await stopping
  })
}
