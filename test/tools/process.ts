import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a finished command left behind. `output` is stdout and stderr in the order they came. */
export type CommandResult = {
  status: number | undefined
  stdout: string
  output: string
}

export type CommandOptions = {
  env?: Readonly<Record<string, string>> | undefined
  cwd?: string | undefined
  /** Written to the command's standard input, which is empty without it. */
  input?: string | undefined
  /** The command is killed after this many seconds. Default 120. */
  timeoutSeconds?: number | undefined
}

/** A server that a test started. `stop` ends it by its own process id and waits for it to be gone. */
export type Service = {
  readonly pid: number
  readonly logs: () => string
  readonly stop: () => Promise<void>
}

const outputLimit = 4 * 1024 * 1024

const repositoryRoot = join(import.meta.dirname, '../..')

/** Where test/tools/install.sh puts the Go tools, and where large fixtures are cached. */
export const toolsDirectory = join(repositoryRoot, '.tools')

/** The path of a program: from .tools/bin, else from the PATH; undefined when there is none. */
export function findTool(name: string): string | undefined {
  const directories = [
    join(toolsDirectory, 'bin'),
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
  ]
  return directories.map((directory) => join(directory, name)).find((file) => existsSync(file))
}

/** Like {@link findTool}, but throws when there is no such program. */
export function requireTool(name: string): string {
  const file = findTool(name)
  if (file === undefined) {
    throw new Error(`${name} is not installed; run: bash test/tools/install.sh`)
  }
  return file
}

const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

// setpriv asks the kernel to end the child when this process dies, however it dies.
function spawnBound(file: string, args: readonly string[], options: CommandOptions): ChildProcess {
  const child = spawn(requireTool('setpriv'), ['--pdeathsig', 'TERM', '--', file, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.stdin?.on('error', () => {
    // A program that does not read its input closes it: its status tells.
  })
  return child
}

/** Runs a command to its end, whatever its status. */
export async function run(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawnBound(file, args, options)
  const stdout: Buffer[] = []
  const all: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout.push(chunk)
    all.push(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => all.push(chunk))
  child.stdin?.end(options.input ?? '')
  const timeoutSeconds = options.timeoutSeconds ?? 120
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, timeoutSeconds * 1000)
  try {
    const [status]: (number | null)[] = await once(child, 'close')
    const output = Buffer.concat(all).toString()
    return {
      status: status ?? undefined,
      stdout: Buffer.concat(stdout).toString(),
      output: timedOut ? `${output}\n(killed after ${timeoutSeconds} s)` : output,
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Runs a command and throws, with what it printed, unless its status is 0. Returns its stdout. */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await run(file, args, options)
  if (result.status !== 0) {
    throw new Error(
      `${file} ${args.join(' ')}: status ${result.status}\n${result.output.slice(-4000)}`,
    )
  }
  return result.stdout
}

/**
 * Starts a server and waits until `isReady` holds. On any failure the server is stopped first, so
 * that nothing is left running.
 */
export async function startService(
  file: string,
  args: readonly string[],
  options: CommandOptions & {
    isReady: () => Promise<boolean>
    /** How long until it counts as not ready. Default 120. */
    readySeconds?: number
    /** How long SIGTERM may take before SIGKILL. Default 20. */
    stopSeconds?: number
  },
): Promise<Service> {
  const child = spawnBound(file, args, options)
  child.stdin?.end()
  let text = ''
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-outputLimit)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const stop = async (): Promise<void> => {
    if (hasEnded()) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), (options.stopSeconds ?? 20) * 1000)
    await gone
    clearTimeout(timer)
  }
  const deadline = Date.now() + (options.readySeconds ?? 120) * 1000
  while (!(await options.isReady().catch(() => false))) {
    if (hasEnded() || child.pid === undefined || Date.now() > deadline) {
      await stop()
      throw new Error(`${file} did not become ready\n${text.slice(-4000)}`)
    }
    await sleep(50)
  }
  return { pid: child.pid ?? 0, logs: () => text, stop }
}

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return address.port
}
