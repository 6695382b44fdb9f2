import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { testWhere } from './machine.ts'
import { eventually } from './raw-request.ts'
import { pushImage, RegistryClient } from './registry-client.ts'
import { makeWorkplace, ServerProcess } from './server-process.ts'

const connections = 10_000
const holders = 2
/** The server's own files and the room for the rest of the test. */
const spareFiles = 1_500
const mebibyte = 1 << 20

function openFilesLimit(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -Hn']).toString().trim()
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text)
}

const lacking =
  openFilesLimit() < connections + spareFiles
    ? `a limit of ${connections + spareFiles} open files (ulimit -n)`
    : undefined

type Holder = { child: ChildProcess; output: () => string }

function hold(port: number): Holder {
  const script = join(import.meta.dirname, 'hold-connections.ts')
  const args = [script, String(port), String(connections / holders)]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', process.execPath, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, output: () => text }
}

async function openFilesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

async function p99Of(http: RegistryClient): Promise<number> {
  const latencies: number[] = []
  for (let count = 0; count < 300; count += 1) {
    const started = performance.now()
    expect((await http.send('GET', '/v2/team/app/manifests/latest')).status).toBe(200)
    latencies.push(performance.now() - started)
  }
  return latencies.sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0
}

testWhere(
  `${connections} idle connections cost little memory, slow nobody down and are all released`,
  lacking,
  async () => {
    const place = await makeWorkplace()
    const server = await ServerProcess.start(place)
    const http = new RegistryClient(server.origin)
    const holding: Holder[] = []
    try {
      await pushImage(http, 'team/app', 'latest', [Buffer.from('layer')])
      await p99Of(http)
      const quiet = await p99Of(http)
      const before = await server.residentBytes()
      const filesBefore = await openFilesOf(server.pid)
      for (let index = 0; index < holders; index += 1) holding.push(hold(server.port))
      await eventually('every connection is answered', 60_000, () =>
        holding.every(({ output }) => output().includes('held')),
      )
      expect(await openFilesOf(server.pid)).toBeGreaterThanOrEqual(filesBefore + connections)
      const busy = await p99Of(http)
      const grown = (await server.residentBytes()) - before
      console.log(
        `${connections} idle connections: memory grew by ${Math.round(grown / mebibyte)} MiB ` +
          `(${Math.round(grown / connections)} bytes each), p99 of a manifest GET ` +
          `${busy.toFixed(1)} ms (${quiet.toFixed(1)} ms without them)`,
      )
      expect(holding.map(({ output }) => output()).join('')).not.toMatch(/failed|closed/)
      expect(grown).toBeLessThan(300 * mebibyte)
      expect(busy).toBeLessThan(Math.max(10 * quiet, 100))
      for (const { child } of holding) {
        child.stdin?.end()
        await once(child, 'close')
      }
      await eventually('every connection is released', 20_000, async () => {
        return (await openFilesOf(server.pid)) <= filesBefore + 10
      })
      expect(server.errors).toEqual([])
    } finally {
      for (const { child } of holding) child.kill('SIGKILL')
      await http.close()
      await server.kill()
      await place.remove()
    }
  },
  120_000,
)
