import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ScanLimits } from '../limits.ts'
import { type LayerEntry as Packed, writeLayer } from '../testing/write-layer.ts'
import { LayerListing } from './layer-listing.ts'
import { LayerScanner } from './layer-scanner.ts'

const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'

describe('the list of files of a layer', () => {
  let temporaryFolder = ''
  let scanner: LayerScanner

  const start = (limits: Partial<ScanLimits> = {}) => {
    scanner = new LayerScanner({ temporaryFolder, limits })
  }
  const read = (bytes: Buffer) =>
    scanner.listFiles({ stream: Readable.from([bytes]), mediaType, name: 'layer test' })
  const list = async (entries: readonly Packed[]): Promise<LayerListing> => {
    const listed = await read(gzipSync(await writeLayer(entries)))
    if (!(listed instanceof LayerListing)) throw new Error(listed.reason)
    return listed
  }

  beforeEach(() => {
    temporaryFolder = mkdtempSync(join(tmpdir(), 'berth-list-test-'))
    start()
  })

  afterEach(async () => {
    await scanner.close()
    expect(readdirSync(temporaryFolder)).toEqual([])
    rmSync(temporaryFolder, { recursive: true })
  })

  it('has every kind of entry with what the archive says of it, and directories with what is below', async () => {
    const listing = await list([
      { name: 'usr/', type: 'directory', mode: 0o755 },
      { name: 'usr/bin/tool', content: 'four', mode: 0o4755 },
      { name: 'usr/bin/link', type: 'symlink', linkname: '../tool' },
      { name: 'usr/bin/same', type: 'link', linkname: 'usr/bin/tool' },
      { name: 'usr/share/doc/long', content: '123456' },
      { name: 'dev/null', type: 'character-device' },
      { name: 'etc/.wh.passwd' },
      { name: 'var/.wh..wh..opq' },
    ])
    expect(listing.totals).toEqual({ files: 5, size: 10 })
    const root = listing.page('', 0, 10)
    expect(root?.map(({ name, kind, size, files }) => [name, kind, size, files])).toEqual([
      ['dev', 'directory', 0, 1],
      ['etc', 'directory', 0, 0],
      ['usr', 'directory', 10, 4],
      ['var', 'directory', 0, 0],
    ])
    expect(root?.[2]).toMatchObject({ mode: 0o755, uid: 0, gid: 0, mtime: 0 })
    expect(root?.[0]?.mode).toBeUndefined()
    expect(listing.page('usr/bin', 0, 10)).toMatchObject([
      { name: 'link', kind: 'symlink', target: '../tool' },
      { name: 'same', kind: 'hardlink', target: 'usr/bin/tool' },
      { name: 'tool', kind: 'file', size: 4, mode: 0o4755 },
    ])
    expect(listing.page('dev', 0, 10)).toMatchObject([{ name: 'null', kind: 'device' }])
    expect(listing.page('etc', 0, 10)).toMatchObject([{ name: 'passwd', kind: 'whiteout' }])
    expect(listing.page('var', 0, 10)).toMatchObject([{ kind: 'opaque' }])
    expect(listing.page('usr/lib', 0, 10)).toBeUndefined()
  })

  it('pages through a large directory from any place', async () => {
    const names = Array.from({ length: 950 }, (_, at) => `f${String(at).padStart(3, '0')}`)
    const listing = await list(names.toReversed().map((name) => ({ name: `many/${name}` })))
    for (const [from, limit] of [
      [0, 1000],
      [199, 3],
      [400, 200],
      [949, 5],
    ] as const) {
      expect(listing.page('many', from, limit)?.map(({ name }) => name)).toEqual(
        names.slice(from, from + limit),
      )
    }
    expect(listing.page('many', 950, 5)).toEqual([])
  })

  it('of two entries of one name the last counts, and paths never leave the root', async () => {
    const listing = await list([
      { name: 'a', content: 'old' },
      { name: 'a', content: 'newer' },
      { name: '../../b', content: 'b' },
      { name: './c/../d/e', content: 'e' },
    ])
    expect(listing.page('', 0, 10)).toMatchObject([
      { name: 'a', size: 5 },
      { name: 'b', size: 1 },
      { name: 'd', kind: 'directory', files: 1 },
    ])
    expect(listing.totals).toEqual({ files: 3, size: 7 })
  })

  it('says why there is no list of what is broken, hostile or too large, and reads the next layer', async () => {
    const whole = gzipSync(await writeLayer([{ name: 'a', content: Buffer.alloc(5000, 'x') }]))
    const refused = async (bytes: Buffer) => {
      const listed = await read(bytes)
      return 'reason' in listed ? listed.reason : 'listed'
    }
    expect(await refused(whole.subarray(0, whole.length - 20))).toContain('not read to its end')
    expect(await refused(Buffer.from('BZh91AY'))).toContain('bzip2')
    expect(await refused(gzipSync(Buffer.alloc(64 * 1024 ** 2)))).toContain('as a bomb does')
    await scanner.close()
    start({ entries: 3 })
    const four = await writeLayer(['a', 'b', 'c', 'd'].map((name) => ({ name })))
    expect(await refused(four)).toContain('more than 3 entries')
    expect(await refused(whole)).toBe('listed')
  })

  it('a layer that is given up at its beginning is not taken for a part of the next', async () => {
    const next = await writeLayer([{ name: 'next', content: 'n' }])
    const bzip2 = Buffer.concat([Buffer.from('BZh91AY'), Buffer.alloc(100_000, 'x')])
    expect(await read(bzip2)).toHaveProperty('reason')
    expect(await read(next)).toMatchObject({ totals: { files: 1, size: 1 } })
    await scanner.catalogueLayer({ stream: Readable.from([bzip2]), mediaType, name: 'layer test' })
    expect(await read(next)).toMatchObject({ totals: { files: 1, size: 1 } })
  })

  it('stops at more directories than it keeps, though few entries name them', async () => {
    const refused = async (count: number, depth: number) => {
      const deep = (number: number) => `${Array.from({ length: depth }, () => number).join('/')}/f`
      const entries = Array.from({ length: count }, (_, number) => ({ name: deep(number) }))
      const listed = await read(gzipSync(await writeLayer(entries)))
      return 'reason' in listed ? listed.reason : 'listed'
    }
    expect(await refused(12_600, 40)).toContain('more than 500000 files and directories')
    expect(await refused(900, 450)).toContain('the names in it take more than 64 MiB')
  })
})
