import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../packages/cli/src/main.js')
const readyWithinMs = 30_000
const outputLimit = 2 * 1024 * 1024

/** A folder for one test: the data of its servers, and what speeds up their start. */
export type Workplace = { folder: string; dataDirectory: string; remove(): Promise<void> }

export async function makeWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-faults-'))
  return {
    folder,
    dataDirectory: join(folder, 'data'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Sections of the configuration file, laid over those that every fault test wants. */
export type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Writes the configuration file and returns its path. Nobody needs credentials: faults are not about them. */
export async function writeSettings(place: Workplace, settings: Settings = {}): Promise<string> {
  const file = join(place.folder, 'berth.json')
  const all: Record<string, unknown> = {
    dataDirectory: place.dataDirectory,
    metrics: { enabled: false },
    log: { format: 'json' },
    ...settings,
    http: { port: 0, ...settings['http'] },
    access: { anonymousRole: 'admin', ...settings['access'] },
  }
  await writeFile(file, JSON.stringify(all))
  return file
}

const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** `BERTH_…` variables are settings to a server, and those of the tests are not. */
function withoutSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.startsWith('BERTH_')),
  )
}

/** Runs a `berth` command. The kernel ends it with the test process, however that ends. */
function spawnBerth(
  place: Workplace,
  args: readonly string[],
  wrapper: readonly string[] = [],
): ChildProcess {
  const command = [...wrapper, process.execPath, main, ...args]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    cwd: place.folder,
    env: withoutSettings(process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  return child
}

/** Runs a command such as `gc` or `verify` to its end. */
export async function runBerth(
  place: Workplace,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnBerth(place, [...args, '--config', join(place.folder, 'berth.json')])
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** A server that refused to start. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
  readonly code: number | null
  readonly output: string

  constructor(code: number | null, output: string) {
    super(`the server did not start (exit code ${code}): ${output.slice(-2000)}`)
    this.code = code
    this.output = output
  }
}

/** `berth serve` as a process of its own, started without npm so that its id is the server's. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #output = ''
  #port = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'close').then(([code]) => code as number | null)
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-outputLimit)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
  }

  /** Resolves when the server says that it is ready. Throws `StartFailure`. */
  static async start(
    place: Workplace,
    settings: Settings = {},
    wrapper: readonly string[] = [],
  ): Promise<ServerProcess> {
    const file = await writeSettings(place, settings)
    const server = new ServerProcess(spawnBerth(place, ['serve', '--config', file], wrapper))
    await server.#ready()
    return server
  }

  /** Starts a server only to kill it `afterMs` later, most likely before it is ready. */
  static async startAndKill(place: Workplace, settings: Settings, afterMs: number): Promise<void> {
    const file = await writeSettings(place, settings)
    const server = new ServerProcess(spawnBerth(place, ['serve', '--config', file]))
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await server.kill()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get port(): number {
    return this.#port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get output(): string {
    return this.#output
  }

  /** The log's lines of level error and above. */
  get errors(): string[] {
    return this.#output
      .split('\n')
      .filter((line) => /^\{"level":(?:50|60|"error"|"fatal")/.test(line))
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM; resolves with the exit code. */
  terminate(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.#ended
  }

  /** Resident memory in bytes. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + readyWithinMs
    let ended = false
    let code: number | null = null
    void this.#ended.then((value) => {
      ended = true
      code = value
    })
    for (;;) {
      const port = /Berth is ready on http:\/\/[^\s:]+:(\d+)/.exec(this.#output)?.[1]
      if (port !== undefined) {
        this.#port = Number(port)
        return
      }
      if (ended) throw new StartFailure(code, this.#output)
      if (Date.now() > deadline) {
        await this.kill()
        throw new StartFailure(null, `${this.#output}\n(not ready in ${readyWithinMs} ms)`)
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}
