import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { type Header, pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatTarHeader, paddingAfter, parseTarHeader } from './tar-header.ts'
import { TarIndex } from './tar-index.ts'

let scratch: string
let count = 0

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-tar-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

type Entry = { header: Partial<Header> & { name: string }; content?: Buffer | string }

async function archiveOf(entries: readonly Entry[]): Promise<string> {
  const archive = pack()
  for (const { header, content = '' } of entries) archive.entry(header, content)
  archive.finalize()
  return fileOf(await buffer(archive))
}

async function fileOf(bytes: Buffer): Promise<string> {
  const file = join(scratch, `${(count += 1)}.tar`)
  await writeFile(file, bytes)
  return file
}

async function contentsOf(file: string): Promise<Record<string, string>> {
  const tar = await TarIndex.open(file, 'test')
  try {
    const all: Record<string, string> = {}
    for (const name of tar.names())
      all[name] = (await tar.read(name, 1e6))?.toString('latin1') ?? ''
    return all
  } finally {
    await tar.close()
  }
}

/** Names of every length, so that prefixes and pax headers come into play. */
const name = fc
  .array(fc.stringMatching(/^[a-zA-Zäß0-9_-]{1,60}$/), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join('/'))

test('finds every file that another program wrote, whatever its name and size', async () => {
  const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 3000 })), {
    selector: ([path]) => path,
    minLength: 1,
    maxLength: 6,
  })
  await fc.assert(
    fc.asyncProperty(files, async (all) => {
      const entries = all.map(([path, bytes]) => ({
        header: { name: path },
        content: Buffer.from(bytes),
      }))
      const expected = all.map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')])
      expect(await contentsOf(await archiveOf(entries))).toEqual(Object.fromEntries(expected))
    }),
    { numRuns: 60 },
  )
})

test('reads what it writes, up to sizes beyond octal', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9/._-]{1,100}$/),
      fc.nat({ max: 2 ** 31 - 1 }).map((size) => size * 4096 + (size % 4096)),
      (path, size) => {
        const header = parseTarHeader(formatTarHeader(path, size))
        expect(header).toMatchObject({ name: path, size })
        expect((size + paddingAfter(size).length) % 512).toBe(0)
      },
    ),
  )
})

test('whatever the bytes are, it is an archive or inputInvalid', async () => {
  const seed = await archiveOf([
    { header: { name: 'a'.repeat(150) }, content: 'one' },
    { header: { name: 'link', type: 'symlink', linkname: 'b' } },
    { header: { name: 'b' }, content: 'two' },
  ])
  const tar = await buffer((await import('node:fs')).createReadStream(seed))
  const changes = fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(tar.length), async (all, length) => {
      const bytes = Buffer.from(tar.subarray(0, length))
      for (const [at, value] of all) if (at < bytes.length) bytes[at] = value
      try {
        await contentsOf(await fileOf(bytes))
      } catch (error) {
        expect(error).toMatchObject({ kind: 'inputInvalid' })
      }
    }),
    { numRuns: 150 },
  )
})

test.each<[string, Entry[]]>([
  ['a path above', [{ header: { name: '../outside' }, content: 'x' }]],
  ['a path above, further in', [{ header: { name: 'a/../../outside' }, content: 'x' }]],
  ['a path from the root', [{ header: { name: '/etc/passwd' }, content: 'x' }]],
  ['a link out', [{ header: { name: 'a/b', type: 'symlink', linkname: '../../etc/passwd' } }]],
  ['a link to the root', [{ header: { name: 'a', type: 'symlink', linkname: '/etc/passwd' } }]],
  ['a hard link out', [{ header: { name: 'a', type: 'link', linkname: '../x' } }]],
  [
    'one name twice',
    [
      { header: { name: 'manifest.json' }, content: '[]' },
      { header: { name: './manifest.json' }, content: '[{}]' },
    ],
  ],
  ['a device', [{ header: { name: 'a', type: 'character-device' } }]],
  ['a pipe', [{ header: { name: 'a', type: 'fifo' } }]],
  ['a name without end', [{ header: { name: 'a/'.repeat(800) }, content: 'x' }]],
  ['nothing', []],
])('refuses %s', async (_, entries) => {
  const more = entries.length === 0 ? [] : [{ header: { name: 'good' }, content: 'x' }, ...entries]
  const opening = TarIndex.open(await archiveOf(more), 'test')
  await expect(opening).rejects.toMatchObject({ kind: 'inputInvalid' })
})

test('refuses sizes that the file does not have', async () => {
  const lying = Buffer.concat([formatTarHeader('big', 1e12), Buffer.alloc(1024)])
  const opening = TarIndex.open(await fileOf(lying), 'test')
  await expect(opening).rejects.toMatchObject({ kind: 'inputInvalid' })
})

test('follows links within, and notices those in a circle', async () => {
  const file = await archiveOf([
    { header: { name: 'one/layer.tar' }, content: 'layer' },
    { header: { name: 'two/layer.tar', type: 'symlink', linkname: '../one/layer.tar' } },
    { header: { name: 'three', type: 'link', linkname: 'two/layer.tar' } },
    { header: { name: 'x', type: 'symlink', linkname: 'y' } },
    { header: { name: 'y', type: 'symlink', linkname: 'x' } },
  ])
  const tar = await TarIndex.open(file, 'test')
  expect((await tar.read('three', 100))?.toString()).toBe('layer')
  expect(() => tar.find('x')).toThrow('circle')
  expect(tar.find('z')).toBeUndefined()
  await tar.close()
})

test('an archive that becomes shorter while it is read is noticed', async () => {
  const file = await archiveOf([{ header: { name: 'a' }, content: Buffer.alloc(100_000) }])
  const tar = await TarIndex.open(file, 'test')
  const entry = tar.find('a')
  await truncate(file, 2000)
  await expect(buffer(tar.stream(entry!))).rejects.toMatchObject({ kind: 'inputInvalid' })
  await tar.close()
})
