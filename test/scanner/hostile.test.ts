import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip, deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LayerCatalogue } from '../../packages/scanner/src/catalogue.ts'
import { LayerScanner } from '../../packages/scanner/src/layers/layer-scanner.ts'
import type { ScanLimits } from '../../packages/scanner/src/limits.ts'
import { writeHeader, writeLayer } from '../../packages/scanner/src/testing/write-layer.ts'
import { cpuSeconds } from '../../bench/measure.ts'
import { writeZip } from './hostile-zip.ts'

const mebibyte = 1024 ** 2
const osRelease = { name: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' }

type Measured = {
  readonly layer: LayerCatalogue | undefined
  readonly error: unknown
  /** Of the child, at its highest. */
  readonly peakMiB: number
  /** Of processor time, which does not depend on what else the machine does. */
  readonly seconds: number
}

let temporaryFolder = ''

beforeAll(() => {
  temporaryFolder = mkdtempSync(join(tmpdir(), 'berth-hostile-'))
})

afterAll(() => rmSync(temporaryFolder, { recursive: true, force: true }))

/** Reads one layer in a child of its own, looks at the child's memory meanwhile, and that nothing is left of it. */
async function read(stream: Readable, limits: Partial<ScanLimits> = {}): Promise<Measured> {
  const scanner = new LayerScanner({ temporaryFolder, limits })
  let peakMiB = 0
  let seconds = 0
  let known: number[] = []
  const look = setInterval(() => {
    if (known.length === 0) known = children()
    for (const pid of known) {
      peakMiB = Math.max(peakMiB, peakOf(pid))
      seconds = Math.max(seconds, cpuSeconds(pid))
    }
  }, 100)
  try {
    const layer = await scanner
      .catalogueLayer({
        stream,
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        name: 'layer hostile',
      })
      .then(
        (read) => ({ layer: read, error: undefined }),
        (error: unknown) => ({ layer: undefined, error }),
      )
    return { ...layer, peakMiB, seconds }
  } finally {
    clearInterval(look)
    await scanner.close()
    expect(readdirSync(temporaryFolder)).toEqual([])
    expect(children()).toEqual([])
  }
}

function children(): number[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
  return [...listed.matchAll(/^\s*(\d+)\s+(\d+)\s.*layer-child/gm)]
    .filter((match) => Number(match[2]) === process.pid)
    .map((match) => Number(match[1]))
}

function peakOf(pid: number): number {
  try {
    return (
      Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    )
  } catch {
    return 0
  }
}

const reasons = ({ layer }: Measured) =>
  layer?.notCovered.map(({ reason }) => reason).join('\n') ?? ''

function expectBounded(measured: Measured, most: { MiB: number; seconds: number }): void {
  expect(measured.peakMiB).toBeLessThan(most.MiB)
  expect(measured.seconds).toBeLessThan(most.seconds)
}

/** The same piece again and again, `count` times. */
function repeated(piece: Buffer, count: number): Readable {
  return Readable.from(
    (async function* () {
      for (let at = 0; at < count; at += 1) yield await Promise.resolve(piece)
    })(),
    { objectMode: false },
  )
}

describe('hostile layers', () => {
  it('gzip bomb of 64 GiB', async () => {
    const header = writeHeader({ name: 'srv/bomb.jar', size: 8 * 1024 ** 3 - 1 })
    const bomb = Readable.from(
      (async function* () {
        yield await Promise.resolve(header)
        const zeros = Buffer.alloc(mebibyte)
        for (let at = 0; at < 65_536; at += 1) yield zeros
      })(),
      { objectMode: false },
    ).pipe(createGzip({ level: 9 }))
    const measured = await read(bomb)
    bomb.destroy()
    expect(reasons(measured)).toContain('grows more than 200 times')
    expectBounded(measured, { MiB: 400, seconds: 60 })
  })

  it('endless stream', async () => {
    const measured = await read(repeated(Buffer.alloc(mebibyte), Number.MAX_SAFE_INTEGER), {
      layerBytes: 2 * 1024 ** 3,
    })
    expect(reasons(measured)).toContain('more than 2147483648 bytes')
    expectBounded(measured, { MiB: 400, seconds: 120 })
  })

  it('a million entries, and more than are read', async () => {
    const block = Buffer.concat(
      Array.from({ length: 1000 }, (_, at) => writeHeader({ name: `srv/data/file-${at}` })),
    )
    const many = await read(repeated(block, 1000))
    expect(many.layer?.notCovered).toEqual([])
    expectBounded(many, { MiB: 400, seconds: 120 })
    const most = await read(repeated(block, 1000), { entries: 500_000 })
    expect(reasons(most)).toContain('more than 500000 entries')
  })

  it('a million entries that all have to be remembered', async () => {
    const blocks = repeatedWith(1000, (round) =>
      Buffer.concat(
        Array.from({ length: 1000 }, (_, at) =>
          writeHeader({ name: `srv/${'d'.repeat(60)}/.wh.${round}-${at}` }),
        ),
      ),
    )
    const measured = await read(blocks)
    expect(reasons(measured)).toContain('its paths together have more than')
    expectBounded(measured, { MiB: 1100, seconds: 120 })
  })

  it('names that lead outside, and links to there', async () => {
    const measured = await read(
      Readable.from([
        await writeLayer([
          { name: '../../../../../../tmp/berth-hostile-escape.jar', content: 'x' },
          { name: '/etc/../../etc/os-release', content: osRelease.content },
          { name: 'var/lib/dpkg/status', type: 'link', linkname: '/etc/passwd' },
          {
            name: 'lib/apk/db/installed',
            type: 'symlink',
            linkname: '../../../../../../etc/passwd',
          },
          { name: 'var/lib/dpkg/status.d/device', type: 'character-device' },
        ]),
      ]),
    )
    expect(measured.layer?.files.map(({ path }) => path)).toEqual(['etc/os-release'])
    expect(reasons(measured)).toContain('hard link to /etc/passwd, which was not kept')
    expect(readdirSync('/tmp').filter((name) => name.startsWith('berth-hostile-escape'))).toEqual(
      [],
    )
  })

  it('garbage, cut gzip, and a tar that stops', async () => {
    const good = gzipSync(
      await writeLayer([osRelease, { name: 'etc/debian_version', content: '12.1' }]),
    )
    const noise = Buffer.alloc(mebibyte)
    for (let at = 0; at < noise.length; at += 1) noise[at] = (at * 2654435761) >>> 13
    expect(reasons(await read(Readable.from([noise])))).toContain('is broken')
    expect(reasons(await read(Readable.from([good.subarray(0, good.length - 20)])))).toContain(
      'its gzip is broken',
    )
    expect(reasons(await read(Readable.from([writeHeader({ name: 'a', size: 100 })])))).toContain(
      'in the middle of a file',
    )
  })

  it('a zip bomb in a jar, and jars in jars', async () => {
    const zeros = deflateRawSync(Buffer.alloc(256 * mebibyte))
    const bomb = writeZip([{ name: 'META-INF/MANIFEST.MF', packed: zeros, size: 256 * mebibyte }])
    let deep = writeZip([
      { name: 'META-INF/MANIFEST.MF', content: Buffer.from('Manifest-Version: 1.0\r\n') },
    ])
    for (let depth = 0; depth < 40; depth += 1)
      deep = writeZip([{ name: `lib/inner-${depth}.jar`, content: deep }])
    const measured = await read(
      Readable.from([
        await writeLayer([
          osRelease,
          { name: 'srv/bomb.jar', content: bomb },
          { name: 'srv/deep.jar', content: deep },
        ]),
      ]),
    )
    expect(measured.layer?.notCovered.map(({ path }) => path.split('!')[0])).toEqual([
      'srv/bomb.jar',
      'srv/deep.jar',
    ])
    expectBounded(measured, { MiB: 600, seconds: 60 })
  })

  it('databases of rpm and executables of random bytes behind their magic', async () => {
    const body = (magic: Buffer, size = 300_000) => {
      const bytes = Buffer.alloc(size)
      for (let at = 0; at < size; at += 1) bytes[at] = (at * 2246822519) >>> 11
      magic.copy(bytes)
      return bytes
    }
    const bdb = Buffer.alloc(32)
    bdb.writeUInt32LE(0x00061561, 12)
    bdb.writeUInt32LE(4096, 20)
    const measured = await read(
      Readable.from([
        await writeLayer([
          osRelease,
          { name: 'var/lib/rpm/rpmdb.sqlite', content: body(Buffer.from('SQLite format 3\0')) },
          { name: 'var/lib/rpm/Packages.db', content: body(Buffer.from('RpmP')) },
          { name: 'var/lib/rpm/Packages', content: body(bdb) },
          {
            name: 'usr/bin/elf',
            mode: 0o755,
            content: body(Buffer.from('\x7fELF\x02\x01\x01', 'latin1')),
          },
          { name: 'usr/bin/pe.exe', mode: 0o755, content: body(Buffer.from('MZ')) },
          { name: 'usr/bin/macho', mode: 0o755, content: body(Buffer.from('cffaedfe', 'hex')) },
          { name: 'app/node_modules/x/package.json', content: '['.repeat(200_000) },
          { name: 'var/lib/dpkg/status', content: body(Buffer.from('Package: ')) },
        ]),
      ]),
    )
    expect(measured.error).toBeUndefined()
    expect(measured.layer?.files.map(({ path }) => path)).toEqual(['etc/os-release'])
    const uncovered = measured.layer?.notCovered.map(({ path }) => path) ?? []
    for (const path of [
      'var/lib/rpm/rpmdb.sqlite',
      'var/lib/rpm/Packages.db',
      'var/lib/rpm/Packages',
    ])
      expect(uncovered).toContain(path)
    expectBounded(measured, { MiB: 500, seconds: 60 })
  })
})

/** A stream of `count` pieces that `make` makes. */
function repeatedWith(count: number, make: (round: number) => Buffer): Readable {
  return Readable.from(
    (async function* () {
      for (let round = 0; round < count; round += 1) yield await Promise.resolve(make(round))
    })(),
    { objectMode: false },
  )
}
