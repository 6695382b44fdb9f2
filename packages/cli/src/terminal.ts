import type { Readable, Writable } from 'node:stream'
import { exitCodes } from './exit-codes.ts'

/** Where a command reads and writes; the process's own outside of tests. */
export type Terminal = {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: TerminalWritable
  readonly stderr: TerminalWritable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

type TerminalWritable = Writable & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process
  // Whoever read what is printed has gone, as `head` does: there is nothing more to say, and nobody to say it to.
  for (const stream of [stdout, stderr]) {
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(exitCodes.cancelled.code)
    })
  }
  return { stdin, stdout, stderr, env, cwd: process.cwd() }
}
