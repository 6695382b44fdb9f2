import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const hasStrace = spawnSync('strace', ['-V']).status === 0

describe.skipIf(!hasStrace)(
  'what reaches the disk before an act is acknowledged (needs strace)',
  () => {
    let root: string
    let calls: string[]
    const indexOf = (pattern: RegExp) => calls.findIndex((call) => pattern.test(call))

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'berth-durability-'))
      const script = `
      import { writeSync } from 'node:fs'
      import { openFilesystem } from '${import.meta.resolve('./filesystem.ts')}'
      const driver = await openFilesystem({ directory: process.argv[1] + '/new/blobs', openFiles: 8 })
      writeSync(1, 'opened')
      const writer = await driver.create('ab/${'5'.repeat(32)}')
      writer.write(Buffer.alloc(100_000))
      await writer.flush()
      writeSync(1, 'flushed')
      await writer.seal()
      writeSync(1, 'sealed')
      const large = await driver.create('cd/${'6'.repeat(32)}')
      const chunk = Buffer.alloc(65_536)
      for (let count = 0; count < 1200; count += 1) await large.write(chunk)
      writeSync(1, 'large written')
      await large.seal()
      writeSync(1, 'large sealed')
      await driver.close()
      const direct = { from: Infinity, unit: 65_536, largest: 65_536 }
      const cached = await openFilesystem({ directory: process.argv[1] + '/cached', openFiles: 8, direct })
      const slow = await cached.create('ef/${'7'.repeat(32)}')
      for (let count = 0; count < 1200; count += 1) await slow.write(chunk)
      writeSync(1, 'cached written')
      await slow.seal()
      await cached.close()`
      const log = join(root, 'strace.log')
      const trace = ['-f', '-y', '-qq', '-e', 'trace=write,fsync,fdatasync,writev,pwritev,pwrite64']
      const node = [process.execPath, '--input-type=module', '-e', script, root]
      await run('strace', [...trace, '-o', log, ...node])
      calls = completedCalls(await readFile(log, 'utf8'))
    })
    afterAll(async () => {
      await rm(root, { recursive: true, force: true })
    })

    it('opens only when new folders and their names are durable', () => {
      const opened = indexOf(/^write\(1.*"opened"/)
      expect(opened).toBeGreaterThan(0)
      for (const path of ['new/blobs/00', 'new/blobs/ff', 'new/blobs', 'new', '']) {
        const synced = indexOf(new RegExp(`^fsync\\(\\d+<${join(root, path)}>\\) += 0`))
        expect(synced, path).toBeGreaterThanOrEqual(0)
        expect(synced, path).toBeLessThan(opened)
      }
    })

    it('seals only when the bytes and then the name are durable', () => {
      const flushed = indexOf(/^write\(1.*"flushed"/)
      const bytes = indexOf(/^fdatasync\(\d+<.*\/ab\/5{32}>\) += 0/)
      const name = calls.findIndex(
        (call, index) => index > flushed && /^fsync\(\d+<.*\/ab>\) += 0/.test(call),
      )
      expect(bytes).toBeGreaterThan(flushed)
      expect(name).toBeGreaterThan(flushed)
      expect(indexOf(/^write\(1.*"sealed"/)).toBeGreaterThan(Math.max(bytes, name))
    })

    it('seals what went past the page cache only after a sync that follows its last write', () => {
      const sealed = indexOf(/^write\(1.*"large sealed"/)
      const last = calls.findLastIndex((call) => /^p?writev?(64)?\(\d+<.*\/cd\/6{32}>/.test(call))
      const synced = calls.findIndex(
        (call, index) => index > last && /^fdatasync\(\d+<.*\/cd\/6{32}>\) += 0/.test(call),
      )
      expect(last).toBeGreaterThan(0)
      expect(synced).toBeGreaterThan(last)
      expect(synced).toBeLessThan(sealed)
    })

    it('syncs a large object in the page cache as it arrives, not only at its end', () => {
      const written = indexOf(/^write\(1.*"cached written"/)
      const begun = indexOf(/^fdatasync\(\d+<.*\/ef\/7{32}>\) += 0/)
      expect(begun).toBeGreaterThan(0)
      expect(begun).toBeLessThan(written)
    })
  },
)

/** The system calls of a strace log by the time of their return, each on one line without its thread. */
function completedCalls(log: string): string[] {
  const begun = new Map<string, string>()
  const calls: string[] = []
  for (const line of log.split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1]
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text.slice(0, -'<unfinished ...>'.length).trimEnd())
    } else if (rest !== undefined) {
      calls.push(`${begun.get(thread) ?? ''}${rest}`)
    } else {
      calls.push(text)
    }
  }
  return calls
}
