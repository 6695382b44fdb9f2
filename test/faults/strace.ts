import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './raw-request.ts'

/** Says what is lacking to watch, and to disturb, the system calls of a process. */
export function lackingForStrace(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'berth-strace-'))
  try {
    execFileSync('strace', ['--seccomp-bpf', '-f', '-o', join(folder, 'log'), 'true'], {
      stdio: 'pipe',
    })
    return undefined
  } catch {
    return 'strace, or the right to use it'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The words before the command of a server whose writes and syncs are to be written to `log`. */
export function straceInto(log: string): string[] {
  const calls = 'trace=fsync,fdatasync,write,writev,pwrite64,pwritev,pwritev2,sendmsg,sendto'
  return ['strace', '--seccomp-bpf', '-f', '-y', '-s', '48', '-e', calls, '-o', log]
}

/**
 * From now on one system call of a running process fails when it concerns `path`. `stop` puts things right.
 * This is as near to a broken disk as one gets without one.
 */
export async function failCalls(
  pid: number,
  call: 'pread64' | 'fdatasync',
  path: string,
  error: 'EIO',
): Promise<{ stop(): Promise<void> }> {
  const args = ['-f', '-p', String(pid), '-P', path]
  args.push('-e', `trace=${call}`, '-e', `inject=${call}:error=${error}`)
  const command = ['--pdeathsig', 'TERM', '--', 'strace', ...args]
  const child: ChildProcess = spawn('setpriv', command, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await eventually(`strace attaches: ${output}`, 10_000, () => output.includes('attached'))
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'close')
    },
  }
}
