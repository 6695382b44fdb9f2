import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../peers/programs.ts'
import type { Workspace } from '../workspace.ts'

export type RequestLoad = {
  url: string
  /** Asked for in turn. */
  paths: string[]
  connections: number
  threads: number
  seconds: number
  headers: string[]
  token?: string | undefined
}

export type RequestRate = {
  requests: number
  perSecond: number
  p50Milliseconds: number
  p99Milliseconds: number
}

const script = fileURLToPath(new URL('./wrk-report.lua', import.meta.url))

/** GETs as fast as the server answers. Throws when any request fails. */
export async function requestRate(workspace: Workspace, load: RequestLoad): Promise<RequestRate> {
  const wrk = findProgram('wrk')
  if (wrk === undefined) throw new Error('wrk is not installed (apt-get install wrk)')
  const pathsFile = join(workspace.memoryDirectory, 'paths')
  writeFileSync(pathsFile, `${load.paths.join('\n')}\n`)
  const headers =
    load.token === undefined
      ? load.headers
      : [...load.headers, `Authorization: Bearer ${load.token}`]
  const child = spawn(wrk, [
    '--threads',
    String(load.threads),
    '--connections',
    String(load.connections),
    '--duration',
    `${load.seconds}s`,
    '--timeout',
    '30s',
    '--script',
    script,
    ...headers.flatMap((header) => ['--header', header]),
    load.url,
    '--',
    pathsFile,
  ])
  const output = (await child.stdout.setEncoding('utf8').toArray()).join('')
  const report = /^REPORT (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(output)
  if (report === null) throw new Error(`wrk printed no report: ${output}`)
  const [requests = 0, microseconds = 0, failures = 0, p50 = 0, p99 = 0] = report
    .slice(1)
    .map(Number)
  if (failures > 0 || requests === 0) {
    throw new Error(`${failures} of ${requests} requests to ${load.url} failed`)
  }
  return {
    requests,
    perSecond: (requests / microseconds) * 1e6,
    p50Milliseconds: p50 / 1000,
    p99Milliseconds: p99 / 1000,
  }
}
