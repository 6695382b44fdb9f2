import { spawn } from 'node:child_process'
import { BerthError } from '../errors.ts'
import { ScannerFailure } from './external-finding.ts'

const stderrKept = 4096
const killAfterMs = 2000

type ProgramCall = {
  /** For messages: `Trivy`. */
  readonly title: string
  /** For messages: which setting names the program. */
  readonly setting: string
  readonly file: string
  /** As they are: no shell reads them. */
  readonly args: readonly string[]
  /** The whole environment: nothing of that of Berth, which may hold secrets. */
  readonly environment: Readonly<Record<string, string>>
  readonly folder: string
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Runs a program to its end and returns what it wrote. Its process group is killed when the signal is aborted or when it
 * writes more than `maxBytes`. Throws `BerthError` (`unavailable`) when it cannot be started, `ScannerFailure` when it
 * fails, with the end of what it says; the reason of the signal.
 */
export async function runProgram(call: ProgramCall): Promise<Buffer> {
  const { title, maxBytes, signal } = call
  signal.throwIfAborted()
  const child = spawn(call.file, call.args, {
    cwd: call.folder,
    env: { ...call.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const chunks: Buffer[] = []
  let size = 0
  let said = ''
  const stop = () => {
    kill(child.pid, 'SIGTERM')
    setTimeout(() => kill(child.pid, 'SIGKILL'), killAfterMs).unref()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) stop()
    else chunks.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-stderrKept)
  })
  signal.addEventListener('abort', stop, { once: true })
  try {
    const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exit, killedBy) => resolve(exit ?? killedBy))
    })
    signal.throwIfAborted()
    if (size > maxBytes) {
      throw new ScannerFailure(`${title} wrote more than ${maxBytes} bytes, and was stopped.`)
    }
    if (code === 0) return Buffer.concat(chunks)
    throw new ScannerFailure(
      `${title} ended with ${typeof code === 'number' ? `the code ${code}` : code}.${lastWords(said, call.folder)}`,
    )
  } catch (error) {
    if (signal.aborted || error instanceof ScannerFailure) throw error
    throw new BerthError(
      'unavailable',
      `The program of the setting ${call.setting} cannot be started (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      { cause: error },
    )
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** The end of what a program says, on one line, without where Berth keeps its files. */
function lastWords(said: string, folder: string): string {
  const text = said
    .replaceAll(folder, '')
    // Colours of a terminal, and whatever else is not text.
    .replaceAll(/\p{Cc}\[[0-9;]*[A-Za-z]|\p{Cc}+/gu, ' ')
    .trim()
  return text === '' ? '' : ` It says: ${text.slice(-300)}`
}

/** The whole group: a program may have started others. */
function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
