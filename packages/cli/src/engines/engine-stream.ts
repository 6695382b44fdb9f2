import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { ClientError } from '@berth/client/client-error.ts'
import type { Loading, Saving } from './engine.ts'

type Environment = Readonly<Record<string, string | undefined>>

type Started = {
  readonly child: ChildProcess
  readonly stdin: Writable
  readonly stdout: Readable
  readonly done: Promise<void>
}

const keptCharacters = 64 * 1024

/** Starts a program that reads an archive from its standard input. */
export function startLoading(
  command: string,
  args: readonly string[],
  env: Environment,
  signal?: AbortSignal,
): Loading {
  const { child, stdin, stdout, done } = start(command, args, env, signal)
  stdout.resume()
  return { stdin, done, abort: () => void child.kill('SIGTERM') }
}

/** Starts a program that writes an archive to its standard output. */
export function startSaving(
  command: string,
  args: readonly string[],
  env: Environment,
  signal?: AbortSignal,
): Saving {
  const { child, stdin, stdout, done } = start(command, args, env, signal)
  stdin.end()
  return { stdout, done, abort: () => void child.kill('SIGTERM') }
}

function start(
  command: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal | undefined,
): Started {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...env },
    ...(signal !== undefined && { signal, killSignal: 'SIGTERM' as const }),
  })
  let said = ''
  const keep = (text: string): void => {
    said = (said + text).slice(-keptCharacters)
  }
  child.stderr.setEncoding('utf8').on('data', keep)
  // Why it does not read on is told by its status.
  child.stdin.on('error', () => {})
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (signal?.aborted === true) reject(signal.reason as Error)
      else if (cause.code === 'ENOENT') {
        reject(new ClientError('toolMissing', `${command} is not installed.`, { cause }))
      } else {
        reject(
          new ClientError('toolFailed', `${command} could not be started: ${cause.message}.`, {
            cause,
          }),
        )
      }
    })
    child.once('close', (status, killedBy) => {
      if (status === 0) resolve()
      else reject(failure(command, args, said, killedBy ?? status))
    })
  })
  // Whoever starts it may look at the stream first.
  done.catch(() => {})
  return { child, stdin: child.stdin, stdout: child.stdout, done }
}

function failure(
  command: string,
  args: readonly string[],
  said: string,
  status: number | string | null,
): ClientError {
  const lines = said.trim().split('\n').slice(-5).join('\n  ')
  const isMissing = /no such image|image not known|not found|reference does not exist/i.test(lines)
  return new ClientError(
    isMissing ? 'notFound' : 'toolFailed',
    `"${[command, ...args].join(' ').slice(0, 200)}" failed (${status}):\n  ${lines}`,
  )
}
