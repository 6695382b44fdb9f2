import { Readable, Writable } from 'node:stream'
import { runBerth } from '../program.ts'

export type CommandRun = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output as the document that it is with `--json`, read as what the test expects. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  readonly json: <T = Record<string, unknown>>() => T
  readonly bytes: Buffer
}

export type RunOptions = {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly cwd?: string | undefined
  /** What comes on standard input; nothing without it. */
  readonly stdin?: string | undefined
  /** Makes standard output a terminal of so many columns. */
  readonly columns?: number | undefined
}

/** Runs one command line in this process, with streams in place of a terminal, and gives what it wrote. */
export async function runCommand(
  argv: readonly string[],
  { env = {}, cwd = '/', stdin, columns }: RunOptions = {},
): Promise<CommandRun> {
  const stdout = gather()
  const stderr = gather()
  const code = await runBerth(argv, {
    stdin: Readable.from(stdin === undefined ? [] : [stdin]),
    stdout: Object.assign(stdout.stream, columns === undefined ? {} : { isTTY: true, columns }),
    stderr: stderr.stream,
    env,
    cwd,
  })
  const bytes = stdout.bytes()
  return {
    code,
    stdout: bytes.toString(),
    stderr: stderr.bytes().toString(),
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
    json: <T>() => JSON.parse(bytes.toString()) as T,
    bytes,
  }
}

function gather(): { stream: Writable; bytes: () => Buffer } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { stream, bytes: () => Buffer.concat(chunks) }
}
