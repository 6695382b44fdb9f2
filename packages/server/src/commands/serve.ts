import { Command } from 'commander'
import { openApp } from '../app.ts'
import type { Config } from '../config/schema.ts'
import { createLogger } from '../log.ts'
import { administratorText, welcomeText } from './welcome.ts'

/** `berth serve`: runs the registry until SIGTERM or SIGINT, then lets the requests under way finish. */
export function serveCommand(load: () => Config): Command {
  return new Command('serve').description('run the registry').action(async () => {
    const config = load()
    const logger = createLogger(config.log)
    // Standard error, since standard output is a stream of log lines for machines.
    const app = await openApp(config, {
      logger,
      // At once: should the start fail after this, it is not said again.
      onAdministrator: (administrator) => process.stderr.write(administratorText(administrator)),
    })
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
