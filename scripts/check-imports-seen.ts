import { execFileSync } from 'node:child_process'

/**
 * The import rules mean nothing if the checker reads no module, which it does without a word when it cannot parse
 * TypeScript. So this counts what it saw.
 */
const fewest = 150
const output = execFileSync(
  'depcruise',
  ['--config', '.dependency-cruiser.json', '--output-type', 'json', 'packages'],
  { encoding: 'utf8', maxBuffer: 1 << 28 },
)
const { summary } = JSON.parse(output) as { summary: { totalCruised: number } }
if (summary.totalCruised < fewest) {
  process.stderr.write(
    `The import checker saw ${summary.totalCruised} modules; at least ${fewest} were expected.\n`,
  )
  process.exitCode = 1
}
