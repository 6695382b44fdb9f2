import { createInterface } from 'node:readline/promises'
import { type Readable, Writable } from 'node:stream'
import { BerthError } from '../errors.ts'

/** Where a command reads and writes; the process's own streams outside of tests. */
export type Terminal = {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable
  readonly stderr: Writable
}

const stdinBytesMax = 4096

/** Asks for a new password twice, without showing it. Throws `requestInvalid` when the two differ or the asking is broken off. */
export async function promptNewPassword(terminal: Terminal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({
    input: terminal.stdin,
    output: nowhere,
    terminal: true,
    historySize: 0,
  })
  const brokenOff = new AbortController()
  reader.once('SIGINT', () => brokenOff.abort())
  reader.once('close', () => brokenOff.abort())
  const ask = async (question: string) => {
    terminal.stderr.write(question)
    try {
      return await reader.question('', { signal: brokenOff.signal })
    } catch (cause) {
      throw passwordFault('No password was given.', cause)
    } finally {
      terminal.stderr.write('\n')
    }
  }
  try {
    const password = await ask('New password: ')
    if ((await ask('The same again: ')) === password) return password
    throw passwordFault('The two passwords differ. Nothing was changed.')
  } finally {
    reader.close()
  }
}

/** Reads a password from standard input up to its end, without one trailing line break. Throws `requestInvalid` beyond 4 KiB. */
export async function readPasswordFromStdin(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of terminal.stdin) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > stdinBytesMax) throw passwordFault('Standard input holds more than a password.')
  }
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '')
}

function passwordFault(message: string, cause?: unknown): BerthError {
  return new BerthError('requestInvalid', message, {
    details: [{ reason: 'passwordInvalid' }],
    cause,
  })
}
