import { readFile, stat } from 'node:fs/promises'
import { ClientError } from '@berth/client/client-error.ts'
import type { CommandContext } from '../context.ts'
import { pathOf } from '../location.ts'

/**
 * Reads a file that a flag names, `-` being standard input. Throws `inputInvalid` when it is not there, is a folder, or
 * has more than `maxBytes`.
 */
export async function readInput(
  { terminal }: CommandContext,
  file: string,
  given: { readonly flag: string; readonly maxBytes: number },
): Promise<Buffer> {
  if (file === '-') {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of terminal.stdin) {
      const bytes = Buffer.from(chunk as Uint8Array)
      size += bytes.length
      if (size > given.maxBytes) throw tooLarge('Standard input', given.maxBytes)
      chunks.push(bytes)
    }
    return Buffer.concat(chunks)
  }
  const path = pathOf(file, terminal.cwd)
  try {
    if ((await stat(path)).size > given.maxBytes) throw tooLarge(file, given.maxBytes)
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw new ClientError('inputInvalid', `${given.flag} ${file} cannot be read.`, {
      next: 'Give the path of a file, or "-" for standard input.',
      cause,
    })
  }
}

function tooLarge(what: string, maxBytes: number): ClientError {
  return new ClientError('inputInvalid', `${what} has more than ${maxBytes} bytes.`)
}
