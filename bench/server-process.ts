import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { killGroup, type Workspace } from './workspace.ts'

export type ServerProcess = {
  pid: number
  /** From the start of the process to its first answer. */
  readyMilliseconds: number
  stop(): Promise<void>
}

export type ServerCommand = {
  command: string
  args: string[]
  /** Added to a bare environment; nothing else of the caller's reaches the server. */
  environment?: Record<string, string>
  /** Where its output goes (`server.log`). */
  directory: string
  /** Asked until it answers with any status below 500. */
  readyUrl: string
  readyTimeoutMilliseconds?: number
}

/** Starts a server and waits for its first answer. Throws with the end of its log if it does not come up. */
export async function startServer(
  workspace: Workspace,
  server: ServerCommand,
): Promise<ServerProcess> {
  const logFile = join(server.directory, 'server.log')
  const log = openSync(logFile, 'a')
  const started = performance.now()
  const child = spawn(server.command, server.args, {
    cwd: server.directory,
    detached: true,
    env: { PATH: process.env['PATH'], HOME: server.directory, ...server.environment },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  workspace.own(child)
  const failure = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  try {
    const deadline = started + (server.readyTimeoutMilliseconds ?? 30_000)
    await Promise.race([failure, firstAnswer(server.readyUrl, deadline)])
  } catch (cause) {
    killGroup(child, 'SIGKILL')
    const tail = readFileSync(logFile, 'utf8').slice(-2000)
    throw new Error(`${server.command} did not start: ${String(cause)}\n${tail}`, { cause })
  }
  failure.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    readyMilliseconds: performance.now() - started,
    stop: () => stopServer(child),
  }
}

async function firstAnswer(url: string, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
      await response.arrayBuffer()
      if (response.status < 500) return
    } catch {
      // Not listening yet.
    }
    await sleep(5)
  }
  throw new Error(`no answer from ${url}`)
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  killGroup(child, 'SIGTERM')
  const patience = setTimeout(() => killGroup(child, 'SIGKILL'), 10_000)
  await ended
  clearTimeout(patience)
}
