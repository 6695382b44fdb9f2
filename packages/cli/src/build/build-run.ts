import { spawn } from 'node:child_process'
import { ClientError } from '@berth/client/client-error.ts'
import type { BuildLog } from './build-log.ts'

type RunResult = {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

type RunOptions = {
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Whether it goes on although the build was stopped: to take away what it left. */
  readonly isCleaning?: boolean | undefined
}

const keptCharacters = 1024 * 1024
const graceMs = 10_000

/**
 * Runs the programs of one service's build: all they print goes to the log, and when the build is stopped they are told
 * to end and waited for, so that nothing writes any more when the folders are taken away.
 */
export class BuildRun {
  readonly log: BuildLog
  readonly signal: AbortSignal
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #cwd: string
  readonly #onLine: (line: string) => void

  constructor(options: {
    log: BuildLog
    signal: AbortSignal
    env: Readonly<Record<string, string | undefined>>
    cwd: string
    onLine?: (line: string) => void
  }) {
    this.log = options.log
    this.signal = options.signal
    this.#env = options.env
    this.#cwd = options.cwd
    this.#onLine = options.onLine ?? (() => {})
  }

  /** Runs to the end. Throws `toolMissing`, `cancelled`; any status is a result. */
  async run(
    command: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<RunResult> {
    const isStopped = (): boolean => this.signal.aborted && options.isCleaning !== true
    if (isStopped()) throw stopped(command)
    this.log.command([command, ...args].map(shown).join(' '))
    const child = spawn(command, [...args], {
      cwd: this.#cwd,
      env: { ...this.#env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let killer: NodeJS.Timeout | undefined
    const stop = (): void => {
      child.kill('SIGTERM')
      killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    if (options.isCleaning !== true) this.signal.addEventListener('abort', stop, { once: true })
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      let rest = ''
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] = (texts[name] + text).slice(-keptCharacters)
        this.log.write(text)
        const lines = (rest + text).split(/[\r\n]+/)
        rest = (lines.pop() ?? '').slice(-8192)
        for (const line of lines) this.#onLine(line)
      })
    }
    try {
      const status = await new Promise<number>((resolve, reject) => {
        child.once('error', (cause: NodeJS.ErrnoException) => {
          const isMissing = cause.code === 'ENOENT'
          reject(
            new ClientError(
              isMissing ? 'toolMissing' : 'toolFailed',
              isMissing
                ? `${command} is not installed.`
                : `${command} cannot be started: ${cause.message}.`,
              { cause },
            ),
          )
        })
        child.once('close', (code) => resolve(code ?? 128))
      })
      if (isStopped()) throw stopped(command)
      return { status, ...texts }
    } finally {
      this.signal.removeEventListener('abort', stop)
      clearTimeout(killer)
    }
  }

  /** Like `run`, and throws with the end of the log when the status is not 0. */
  async mustRun(
    command: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<string> {
    const result = await this.run(command, args, options)
    if (result.status === 0) return result.stdout
    throw this.faultOf(command, args[0] ?? '', result)
  }

  /** The fault that a failed program is told with: what the log said last, and what to do. */
  faultOf(command: string, verb: string, { status, stdout, stderr }: RunResult): ClientError {
    const said = `${stdout}\n${stderr}`
    const log = `The whole log is in ${this.log.path}.`
    if (/no space left on device/i.test(said)) {
      return new ClientError(
        'localFault',
        `The disk is full: ${command} ${verb} could not write.`,
        {
          next: `Make room (berth build --remove-old takes away old images of these repositories). ${log}`,
        },
      )
    }
    if (/exec format error/i.test(said)) {
      return new ClientError(
        'toolFailed',
        `${command} ${verb} could not run a program of another platform on this machine.`,
        {
          next: `Install QEMU with binfmt (qemu-user-static on Debian), or build on such a machine. ${log}`,
        },
      )
    }
    const tail = this.log.tail(12).map((line) => `  ${line}`)
    return new ClientError(
      'toolFailed',
      `${command} ${verb} failed with status ${status}. It said last:\n${tail.join('\n')}`,
      { next: log },
    )
  }
}

function stopped(command: string): ClientError {
  return new ClientError(
    'cancelled',
    `It was stopped while ${command} was at work. Nothing was pushed.`,
  )
}

function shown(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
