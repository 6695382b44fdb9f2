import { parseArgs } from 'node:util'

export type Settings = {
  /** Names of the scenarios to run; empty means the default set. */
  only: string[]
  /** Names of the contenders to run; empty means all that are installed. */
  peers: string[]
  rounds: number
  /** Length of one round of a request-rate scenario. */
  seconds: number
  quick: boolean
  /** Size of "a large blob": 1 GiB, a quarter of it with --quick. */
  largeBytes: number
  /** A checkout of an earlier Berth, with its packages installed, to measure against. */
  earlier: string | undefined
  json: string | undefined
  markdown: string | undefined
}

export const usage = `npm run bench -- [options]

  --only a,b        only these scenarios (see --list)
  --peers a,b       only these contenders: berth, docker-registry, distribution, zot, zot-commit, nginx
  --rounds n        rounds per scenario, 5 by default; contenders alternate within a round
  --seconds n       length of a round of a request-rate scenario, 5 by default
  --quick           2 rounds, 256 MiB instead of 1 GiB, without the scenarios that load a disk for minutes
  --earlier folder  a checkout of an earlier Berth, for the scenarios that compare with one
  --json file       also writes every figure as JSON
  --markdown file   also writes the report page
  --list            the scenarios and their bars
  --help            this page
`

const gibibyte = 1024 ** 3

/** Reads the command line. Throws a plain `Error` that says which option is wrong. */
export function parseSettings(args: string[]): Settings & { list: boolean; help: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      earlier: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    only: splitNames(values.only),
    peers: splitNames(values.peers),
    rounds: positive('--rounds', values.rounds, values.quick ? 2 : 5),
    seconds: positive('--seconds', values.seconds, values.quick ? 2 : 5),
    quick: values.quick,
    largeBytes: values.quick ? gibibyte / 4 : gibibyte,
    earlier: values.earlier,
    json: values.json,
    markdown: values.markdown,
    list: values.list,
    help: values.help,
  }
}

function splitNames(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((name) => name !== '')
}

function positive(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option} needs a whole number of at least 1`)
  return value
}
