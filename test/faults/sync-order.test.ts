import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { testWhere } from './machine.ts'
import { Random } from './random.ts'
import {
  expectStatus,
  imageManifest,
  imageType,
  pushBlob,
  RegistryClient,
} from './registry-client.ts'
import { makeWorkplace, ServerProcess } from './server-process.ts'
import { fileOfBlob, query } from './stored.ts'
import { lackingForStrace, straceInto } from './strace.ts'

type Call = { name: string; path: string; text: string }

/** Calls in the order in which they ended. */
function parseCalls(log: string): Call[] {
  const begun = new Map<string, string>()
  const calls: Call[] = []
  for (const line of log.split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text)
      continue
    }
    const isResumed = text.startsWith('<...')
    const whole = isResumed ? `${begun.get(thread) ?? ''} ${text}` : text
    const [, name = '', path = ''] = /^(\w+)\(\d+<([^>]*)>/.exec(whole) ?? []
    // The answer goes out when its write begins, so what ends before that is what counts.
    if (name !== '') calls.push({ name, path, text: whole })
  }
  return calls
}

/** Position of the last call before `end` that `matches`, -1 if there is none. */
function lastBefore(calls: Call[], end: number, matches: (call: Call) => boolean): number {
  return calls.slice(0, end).findLastIndex(matches)
}

testWhere(
  'bytes, their name and the record of them are synced, in this order, before 201 is sent',
  lackingForStrace(),
  async () => {
    const place = await makeWorkplace()
    const log = join(place.folder, 'calls')
    const server = await ServerProcess.start(place, {}, straceInto(log))
    const http = new RegistryClient(server.origin)
    try {
      const random = new Random('sync order')
      const config = random.bytes(300)
      const layers = [random.bytes(10), random.bytes(300_000), random.bytes(5_000_000)]
      const files: string[] = []
      for (const bytes of [config, ...layers]) {
        files.push(fileOfBlob(place, await pushBlob(http, 'team/app', bytes)))
      }
      const body = imageManifest(config, layers)
      const path = '/v2/team/app/manifests/latest'
      const headers = { 'content-type': imageType }
      expectStatus(await http.send('PUT', path, { headers, body }), 201)
      expect(query(place, 'select name from tags')).toEqual([{ name: 'latest' }])

      const calls = parseCalls(await readFile(log, 'utf8'))
      const logFile = join(place.dataDirectory, 'metadata.sqlite-wal')
      const isSyncOf = (file: string) => (call: Call) =>
        call.path === file && /^f(?:data)?sync$/.test(call.name) && call.text.endsWith('= 0')
      const isRecord = (call: Call): boolean =>
        call.path === logFile && call.name.startsWith('pwrite')
      const answers = calls.flatMap((call, at) => (call.text.includes('HTTP/1.1 201') ? [at] : []))
      expect(answers).toHaveLength(files.length + 1)

      for (const [index, answer] of answers.entries()) {
        const recorded = lastBefore(calls, answer, isRecord)
        const recordSynced = lastBefore(calls, answer, isSyncOf(logFile))
        expect(recorded).toBeGreaterThan(answers[index - 1] ?? 0)
        expect(recordSynced).toBeGreaterThan(recorded)
        const file = files[index]
        if (file === undefined) continue
        const firstRecord = calls.findIndex(
          (call, at) =>
            at > lastBefore(calls, answer, isSyncOf(join(file, '..'))) && isRecord(call),
        )
        const written = lastBefore(
          calls,
          answer,
          (call) => call.path === file && call.name.startsWith('pwrite'),
        )
        const bytesSynced = lastBefore(calls, answer, isSyncOf(file))
        const nameSynced = lastBefore(calls, answer, isSyncOf(join(file, '..')))
        expect(written).toBeGreaterThan(-1)
        expect(bytesSynced).toBeGreaterThan(written)
        expect(nameSynced).toBeGreaterThan(written)
        // The row that makes it a blob is written only after that.
        expect(firstRecord).toBeGreaterThan(Math.max(bytesSynced, nameSynced))
        expect(firstRecord).toBeLessThan(answer)
      }
    } finally {
      await http.close()
      await server.kill()
      await place.remove()
    }
  },
  60_000,
)
