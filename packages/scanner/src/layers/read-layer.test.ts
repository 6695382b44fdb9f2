import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Detector } from '../detector.ts'
import { readBytes } from '../testing/read-layer.ts'
import { writeHeader, writeLayer } from '../testing/write-layer.ts'

const osRelease = { name: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' }

/** A frame that decoders pass over; zstd:chunked keeps its tables in those. */
function skippable(content: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a50, 0)
  header.writeUInt32LE(content.length, 4)
  return Buffer.concat([header, content])
}

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

describe('a layer', async () => {
  const tar = await writeLayer([osRelease])
  const half = 700
  it.each([
    ['plain', tar],
    ['gzip', gzipSync(tar)],
    [
      'gzip in two members',
      Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]),
    ],
    ['zstd', zstdCompressSync(tar)],
    [
      'zstd:chunked',
      Buffer.concat([
        zstdCompressSync(tar.subarray(0, half)),
        skippable(Buffer.from('in between')),
        zstdCompressSync(tar.subarray(half)),
        skippable(Buffer.alloc(300, 1)),
      ]),
    ],
    [
      'zstd that begins with a skippable frame',
      Buffer.concat([skippable(Buffer.from('x')), zstdCompressSync(tar)]),
    ],
  ])('is read as %s, whatever its media type says', async (_, bytes) => {
    for (const pieceLength of [1, 65_536]) {
      const layer = await readBytes(bytes, { pieceLength, mediaType: 'application/octet-stream' })
      expect(layer.notCovered).toEqual([])
      expect(layer.diffId).toBe(sha256(tar))
      expect(layer.size).toBe(tar.length)
      expect(layer.files.map(({ path, detector }) => [path, detector])).toEqual([
        ['etc/os-release', 'os-release'],
      ])
    }
  })

  it('that is no tar still has its digest', async () => {
    const layer = await readBytes(Buffer.from('x'.repeat(2000)))
    expect(layer.diffId).toBe(sha256(Buffer.from('x'.repeat(2000))))
    expect(layer.notCovered[0]?.reason).toContain('its checksum does not fit')
  })

  it.each([
    ['cut gzip', gzipSync(tar).subarray(0, 100), 'its gzip is broken'],
    ['cut zstd', zstdCompressSync(tar).subarray(0, 60), 'its zstd is broken'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'bzip2, which is not read'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'xz, which is not read'],
  ])('of %s is not covered', async (_, bytes, reason) => {
    const layer = await readBytes(bytes)
    expect(layer.diffId).toBe('')
    expect(layer.notCovered).toHaveLength(1)
    expect(layer.notCovered[0]?.reason).toContain(reason)
  })

  it('keeps what was found before it went wrong', async () => {
    const layer = await readBytes(Buffer.concat([tar.subarray(0, 1024), Buffer.alloc(2048, 1)]))
    expect(layer.files).toHaveLength(1)
    expect(layer.notCovered).toHaveLength(1)
  })

  it('that is encrypted is not covered', async () => {
    const layer = await readBytes(tar, {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted',
    })
    expect(layer.notCovered).toEqual([{ path: 'layer test', reason: 'The layer is encrypted.' }])
  })

  it('stops at its limits', async () => {
    const zeros = await writeLayer([
      osRelease,
      { name: 'zeros', content: Buffer.alloc(40 * 1024 ** 2) },
    ])
    const bomb = await readBytes(gzipSync(zeros))
    expect(bomb.notCovered[0]?.reason).toContain('grows more than 200 times')
    expect(bomb.files).toHaveLength(1)
    const large = await readBytes(tar, { limits: { layerBytes: 1024 } })
    expect(large.notCovered[0]?.reason).toContain('more than 1024 bytes')
    const many = await readBytes(await writeLayer([osRelease, osRelease, osRelease]), {
      limits: { entries: 2 },
    })
    expect(many.notCovered[0]?.reason).toContain('more than 2 entries')
    const files = await readBytes(tar, { limits: { fileBytes: 10 } })
    expect(files.files).toEqual([])
    expect(files.notCovered).toEqual([
      { path: 'etc/os-release', reason: 'The file has 26 bytes; at most 10 are read.' },
    ])
    const status = {
      name: 'var/lib/dpkg/status',
      content: 'Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n',
    }
    const packages = await readBytes(await writeLayer([status]), { limits: { packages: 1 } })
    expect(packages.notCovered[0]?.reason).toContain('more than 1 packages')
    const paths = await readBytes(await writeLayer([{ name: 'a'.repeat(300) }]), {
      limits: { pathLength: 200 },
    })
    expect(paths.notCovered[0]?.reason).toContain('1 files were passed over')
  })

  it('reads names that lead above the root as container engines do, and those with a NUL not at all', async () => {
    const layer = await readBytes(
      await writeLayer([
        { ...osRelease, name: '../../etc/./os-release' },
        { name: 'nul', pax: { path: 'etc/os-release\0x' } },
      ]),
    )
    expect(layer.files.map(({ path }) => path)).toEqual(['etc/os-release'])
    expect(layer.notCovered[0]?.reason).toContain('1 files were passed over')
  })

  it('tells whiteouts, opaque folders, and wanted files that say nothing', async () => {
    const layer = await readBytes(
      await writeLayer([
        { name: 'a/.wh.b' },
        { name: '.wh.c' },
        { name: 'd/.wh..wh..opq' },
        { name: '.wh..wh.plnk' },
        { name: 'srv/app.jar', type: 'symlink', linkname: 'other' },
        { name: 'lib', type: 'symlink', linkname: '/usr/lib' },
        { name: 'var/lib/dpkg/status', content: '' },
        { name: 'etc/hosts', content: 'x' },
      ]),
    )
    expect(layer.whiteouts).toEqual(['a/b', 'c', 'srv/app.jar', 'lib', 'var/lib/dpkg/status'])
    expect(layer.opaqueDirectories).toEqual(['d'])
    expect(layer.links).toEqual({ lib: 'usr/lib' })
    expect(layer.files).toEqual([])
  })

  it('resolves hard links to what their targets told', async () => {
    const layer = await readBytes(
      await writeLayer([
        osRelease,
        { name: 'usr/lib/os-release', type: 'link', linkname: 'etc/os-release' },
        { name: 'other', content: 'x' },
        { name: 'var/lib/dpkg/status', type: 'link', linkname: 'other' },
        { name: 'var/lib/dpkg/status.d/x', type: 'link', linkname: '../../../../etc/passwd' },
      ]),
    )
    expect(layer.files.map(({ path }) => path)).toEqual(['etc/os-release', 'usr/lib/os-release'])
    expect(layer.notCovered.map(({ path }) => path)).toEqual([
      'var/lib/dpkg/status',
      'var/lib/dpkg/status.d/x',
    ])
  })

  it('takes the last of several entries of one path', async () => {
    const layer = await readBytes(
      await writeLayer([osRelease, { name: './etc/os-release', content: 'ID=alpine' }]),
    )
    expect(layer.files.map(({ distribution }) => distribution?.id)).toEqual(['alpine'])
  })

  it('does not read sparse files', async () => {
    const sparse = writeHeader({ name: 'etc/os-release', size: 9, flag: 'S' })
    const layer = await readBytes(
      Buffer.concat([sparse, Buffer.from('ID=debian'.padEnd(512, '\0')), Buffer.alloc(1024)]),
    )
    expect(layer.notCovered).toEqual([
      { path: 'etc/os-release', reason: 'The file is stored as a sparse one, which is not read.' },
    ])
  })

  it('outlives a detector that fails, and gives large files on disk', async () => {
    const sizes: number[] = []
    const failing: Detector = {
      name: 'failing',
      wants: ({ path }) => path === 'etc/os-release',
      detect: () => Promise.reject(new TypeError('oops')),
    }
    const large: Detector = {
      name: 'large',
      wants: ({ path }) => path.startsWith('large'),
      wantsHead: (head) => head[0] === 1,
      detect: async (file) => {
        sizes.push((await file.read(2 ** 30)).length)
        expect(await file.onDisk(2 ** 30)).toContain('berth-read-layer-')
        await expect(file.onDisk(10)).rejects.toThrow('at most 10')
        return {}
      },
    }
    const content = Buffer.alloc(9 * 1024 ** 2, 1)
    const layer = await readBytes(
      await writeLayer([
        osRelease,
        { name: 'large-1', content },
        { name: 'large-2', content: Buffer.alloc(9 * 1024 ** 2) },
      ]),
      { detectors: [failing, large] },
    )
    expect(sizes).toEqual([content.length])
    expect(layer.notCovered).toEqual([
      { path: 'etc/os-release', reason: 'The detector failing failed: oops' },
    ])
  })
})
