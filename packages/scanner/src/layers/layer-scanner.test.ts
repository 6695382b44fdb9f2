import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScanLimit } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'
import { readBytes } from '../testing/read-layer.ts'
import { writeLayer } from '../testing/write-layer.ts'
import { LayerScanner } from './layer-scanner.ts'

const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
const name = 'layer test'
const layer = gzipSync(
  await writeLayer([
    { name: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.19.1\n' },
    { name: 'lib/apk/db/installed', content: 'P:musl\nV:1.2.4-r4\nA:x86_64\nL:MIT\n\n' },
    { name: 'large', content: Buffer.alloc(3_000_000, 'no bomb ') },
  ]),
)

/** Children of this process that read layers. */
function children(): number[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
  return [...listed.matchAll(/^\s*(\d+)\s+(\d+)\s.*layer-child/gm)]
    .filter((match) => Number(match[2]) === process.pid)
    .map((match) => Number(match[1]))
}

/** A stream that never ends. */
function endless(piece: Buffer): Readable {
  return Readable.from(
    (async function* () {
      for (;;) yield await Promise.resolve(piece)
    })(),
    { objectMode: false },
  )
}

describe('the layer scanner', () => {
  let temporaryFolder = ''
  const scanners: LayerScanner[] = []
  const start = (limits: Partial<ScanLimits> = {}) => {
    const scanner = new LayerScanner({ temporaryFolder, limits })
    scanners.push(scanner)
    return scanner
  }

  beforeEach(() => {
    temporaryFolder = mkdtempSync(join(tmpdir(), 'berth-scanner-test-'))
  })

  afterEach(async () => {
    await Promise.all(scanners.splice(0).map((scanner) => scanner.close()))
    expect(readdirSync(temporaryFolder)).toEqual([])
    expect(children()).toEqual([])
    rmSync(temporaryFolder, { recursive: true })
  })

  it('reads several layers in one child, as this process would', async () => {
    const scanner = start()
    const expected = await readBytes(layer)
    const progress: number[] = []
    const read = () =>
      scanner.catalogueLayer({
        stream: Readable.from([layer.subarray(0, 5), layer.subarray(5)]),
        mediaType,
        name,
        onProgress: (bytes) => progress.push(bytes),
      })
    expect(await read()).toEqual(expected)
    expect(progress).toEqual([5, layer.length])
    const [child] = children()
    expect(await read()).toEqual(expected)
    expect(children()).toEqual([child])
  })

  it('reads layers side by side', async () => {
    const scanner = start()
    const read = await Promise.all(
      Array.from({ length: 3 }, () =>
        scanner.catalogueLayer({ stream: Readable.from([layer]), mediaType, name }),
      ),
    )
    expect(new Set(read.map(({ diffId }) => diffId)).size).toBe(1)
    expect(children()).toHaveLength(1)
  })

  it('says of foreign and encrypted layers that they are not covered', async () => {
    const scanner = start()
    const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
    const absent = await scanner.catalogueLayer({ mediaType: foreign, name })
    expect(absent.notCovered).toEqual([
      { path: name, reason: `The content of the layer is not stored here (${foreign}).` },
    ])
    const stream = Readable.from([layer])
    const encrypted = await scanner.catalogueLayer({
      stream,
      mediaType: `${mediaType}+encrypted`,
      name,
    })
    expect(encrypted.notCovered).toEqual([{ path: name, reason: 'The layer is encrypted.' }])
    expect(stream.destroyed).toBe(true)
    expect(children()).toEqual([])
  })

  it('stops an endless layer at its limit, and reads the next one', async () => {
    const scanner = start({ layerBytes: 20_000_000 })
    const stream = endless(Buffer.alloc(100_000))
    const read = await scanner.catalogueLayer({ stream, mediaType, name })
    expect(read.notCovered[0]?.reason).toContain('more than 20000000 bytes')
    expect(stream.destroyed).toBe(true)
    const next = await scanner.catalogueLayer({ stream: Readable.from([layer]), mediaType, name })
    expect(next.notCovered).toEqual([])
  })

  it('ends a child that takes too long', async () => {
    const scanner = start({ timeMs: 1000 })
    const stream = new Readable({ read() {} })
    const reading = scanner.catalogueLayer({ stream, mediaType, name })
    await expect(reading).rejects.toThrow(new ScanLimit('layer test was not read within 1000 ms'))
    expect(children()).toEqual([])
  })

  it('ends a child that takes too much memory', async () => {
    const scanner = start({ memoryMiB: 20 })
    const reading = scanner.catalogueLayer({ stream: endless(Buffer.alloc(1000)), mediaType, name })
    await expect(reading).rejects.toThrow('needs more than 20 MiB of memory')
  })

  it('stops when it is told to', async () => {
    const scanner = start()
    const stopping = new AbortController()
    const reading = scanner.catalogueLayer({
      stream: endless(Buffer.alloc(1000)),
      mediaType,
      name,
      signal: stopping.signal,
      onProgress: () => stopping.abort(new Error('enough')),
    })
    await expect(reading).rejects.toThrow('enough')
    const late = scanner.catalogueLayer({
      stream: Readable.from([layer]),
      mediaType,
      name,
      signal: stopping.signal,
    })
    await expect(late).rejects.toThrow('enough')
  })

  it('passes on what the source fails of', async () => {
    const scanner = start()
    const stream = Readable.from(
      (async function* () {
        yield await Promise.resolve(layer.subarray(0, 100))
        throw new Error('the disk is gone')
      })(),
    )
    await expect(scanner.catalogueLayer({ stream, mediaType, name })).rejects.toThrow(
      'the disk is gone',
    )
  })

  it('says so when the child dies', async () => {
    const scanner = start()
    const reading = scanner.catalogueLayer({
      stream: endless(Buffer.alloc(1000)),
      mediaType,
      name,
      onProgress: (bytes) => {
        if (bytes > 1_000_000) for (const pid of children()) process.kill(pid, 'SIGSEGV')
      },
    })
    await expect(reading).rejects.toThrow('The process that read layer test ended (SIGSEGV)')
    const next = await scanner.catalogueLayer({ stream: Readable.from([layer]), mediaType, name })
    expect(next.notCovered).toEqual([])
  })

  it('fails what it reads when it is closed', async () => {
    const scanner = start()
    const reading = scanner.catalogueLayer({ stream: new Readable({ read() {} }), mediaType, name })
    reading.catch(() => {})
    while (children().length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    await scanner.close()
    await expect(reading).rejects.toThrow('ended')
    await expect(
      scanner.catalogueLayer({ stream: Readable.from([layer]), mediaType, name }),
    ).rejects.toThrow('closed')
  })

  it('leaves no child and no folder behind when its own process is killed', async () => {
    const program = `
      import { Readable } from 'node:stream'
      import { LayerScanner } from ${JSON.stringify(join(import.meta.dirname, 'layer-scanner.ts'))}
      const scanner = new LayerScanner({ temporaryFolder: ${JSON.stringify(temporaryFolder)} })
      await scanner.catalogueLayer({
        stream: new Readable({ read() {} }), mediaType: '', name: '',
      })`
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', program])
    while (readdirSync(temporaryFolder).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 50))
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const [folder = ''] = readdirSync(temporaryFolder)
    parent.kill('SIGKILL')
    await once(parent, 'close')
    await expect
      .poll(() => existsSync(join(temporaryFolder, folder)), { timeout: 15_000 })
      .toBe(false)
    const others = () =>
      execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).includes(
        join(temporaryFolder, folder),
      )
    await expect.poll(others, { timeout: 15_000 }).toBe(false)
  })

  it('removes old folders of processes that were killed together with their children', async () => {
    const [old = '', young = ''] = ['berth-layer-old', 'berth-layer-young'].map((folder) => {
      mkdirSync(join(temporaryFolder, folder))
      return join(temporaryFolder, folder)
    })
    utimesSync(old, 0, 0)
    await start().catalogueLayer({ stream: Readable.from([layer]), mediaType, name })
    expect([existsSync(old), existsSync(young)]).toEqual([false, true])
    rmSync(young, { recursive: true })
  })

  it.each([
    ['forgotten', ''],
    ['closed', 'await scanner.close()'],
  ])(
    'does not keep its process from ending when it is %s, nor lets it end too early',
    async (_, last) => {
      const program = `
      import { Readable } from 'node:stream'
      import { LayerScanner } from ${JSON.stringify(join(import.meta.dirname, 'layer-scanner.ts'))}
      const scanner = new LayerScanner({ temporaryFolder: ${JSON.stringify(temporaryFolder)} })
      const read = () => scanner.catalogueLayer({ stream: Readable.from([Buffer.alloc(1024)]), mediaType: '', name: '' })
      await Promise.all([read(), read()])
      await read()
      ${last}`
      const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', program])
      expect(await once(parent, 'close')).toEqual([0, null])
      await expect.poll(() => readdirSync(temporaryFolder), { timeout: 15_000 }).toEqual([])
    },
  )
})

it('gives the child no environment and no network', async () => {
  const scanner = new LayerScanner()
  try {
    await scanner.catalogueLayer({ stream: Readable.from([layer]), mediaType, name })
    const [pid = 0] = children()
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
    expect(environment.filter((line) => !line.startsWith('NODE_CHANNEL_'))).toEqual([])
    const flags = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    expect(flags).toContain('--permission')
    expect(flags.filter((flag) => flag.startsWith('--allow-net'))).toEqual([])
  } finally {
    await scanner.close()
  }
})
