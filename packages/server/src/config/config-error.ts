/** One thing that is wrong with the settings. */
export type ConfigFault = Readonly<{
  /** Dotted path of the setting; '' when it is not about one setting. */
  path: string
  /** Where the value came from: `berth.yaml:3:9`, an environment variable, the command line. */
  origin: string
  /** What is wrong and what is accepted; it follows the path in a sentence. */
  problem: string
}>

/** Settings that Berth cannot start with. Carries every fault found, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? 'There is a fault' : `There are ${faults.length} faults`
    super(`${count} in the settings:\n${faults.map(faultLine).join('\n')}`)
    this.faults = faults
  }
}

function faultLine({ path, origin, problem }: ConfigFault): string {
  const where = path === '' ? origin : origin === '' ? path : `${path} (${origin})`
  return `  ${where}: ${problem}`
}
