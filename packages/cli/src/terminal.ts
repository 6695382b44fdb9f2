import type { Readable, Writable } from 'node:stream'

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
  return { stdin, stdout, stderr, env, cwd: process.cwd() }
}
