import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'

export type ToolOptions = {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly cwd?: string | undefined
  /** Written to its standard input, which is empty without it. */
  readonly input?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Each piece of what it prints, as it comes; standard output and standard error together. */
  readonly onOutput?: ((text: string) => void) | undefined
}

export type ToolResult = {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const keptBytes = 4 * 1024 * 1024

/** The path of a program, from the `PATH` of `env`; `undefined` when there is none. */
export async function findTool(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    const isThere = folder !== '' && (await access(path, constants.X_OK).then(yes, no))
    if (isThere) return path
  }
  return undefined
}

/** Runs a program to its end. A status other than 0 is a result; throws `toolMissing` when it is not installed, `cancelled` when stopped. */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const { env, cwd, input, signal, onOutput } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(env !== undefined && { env: { ...env } }),
      ...(cwd !== undefined && { cwd }),
      ...(signal !== undefined && { signal, killSignal: 'SIGTERM' as const }),
    })
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] = (texts[name] + text).slice(-keptBytes)
        onOutput?.(text)
      })
    }
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (signal?.aborted === true) {
        reject(new ClientError('cancelled', `${command} was stopped.`, { cause }))
      } else if (cause.code === 'ENOENT') {
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
      resolve({ status: status ?? (killedBy === null ? 1 : 128), ...texts })
    })
    // It may end without having read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
  })
}

/** Like `runTool`, and throws `toolFailed` with the end of what it said when it fails. */
export async function mustRunTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const result = await runTool(command, args, options)
  if (result.status === 0) return result
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-5).join('\n  ')
  throw new ClientError(
    'toolFailed',
    `"${[command, ...args].join(' ').slice(0, 200)}" failed with status ${result.status}:\n  ${said}`,
  )
}

const yes = (): boolean => true
const no = (): boolean => false
