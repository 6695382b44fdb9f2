import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where the built console lies: beside the program as it is published, else in the package that it is built from. */
export function consoleDirectory(): string {
  // For whoever works on the console: another build than the one that was installed.
  const chosen = process.env.BERTH_CONSOLE_DIRECTORY
  if (chosen !== undefined) return chosen
  const published = join(import.meta.dirname, '../console')
  return existsSync(join(published, 'index.html'))
    ? published
    : join(import.meta.dirname, '../../../../console/dist')
}
