import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Everything a run leaves on the machine: one folder on a real disk, one in memory for what clients send,
 * and the processes it started. All of it goes when the run ends, fails or is interrupted.
 */
export class Workspace {
  readonly directory = mkdtempSync(join(tmpdir(), 'berth-bench-'))
  readonly memoryDirectory = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-bench-'),
  )
  readonly #children = new Set<ChildProcess>()
  #root = this.directory

  constructor() {
    process.once('exit', () => this.dispose())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => process.exit(1))
    }
  }

  /** A new, empty folder; on disk, but for the time of `inMemory`. */
  folder(name: string): string {
    return mkdtempSync(join(this.#root, `${name}-`))
  }

  /** While `work` runs, new folders lie in memory: for what is not about the disk. */
  async inMemory<T>(work: () => Promise<T>): Promise<T> {
    this.#root = this.memoryDirectory
    try {
      return await work()
    } finally {
      this.#root = this.directory
    }
  }

  /** Ends `child` and its process group with the run at the latest; it must have been spawned as `detached`. */
  own(child: ChildProcess): void {
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
  }

  dispose(): void {
    for (const child of this.#children) killGroup(child, 'SIGKILL')
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
    rmSync(this.memoryDirectory, { recursive: true, force: true })
  }
}

export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The whole group has ended already.
  }
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No free port was given.')
  return address.port
}
