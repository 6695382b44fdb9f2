import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScanLimit, Unreadable } from '../detector.ts'
import { writeHeader, writeLayer } from '../testing/write-layer.ts'
import { type TarEntry, TarWalk } from './tar-walk.ts'

type Walked = Pick<TarEntry, 'name' | 'type' | 'link' | 'isSparse'> & { content: string }

async function walk(bytes: Buffer, pieceLength = 1000, entryLimit = 1000): Promise<Walked[]> {
  const walked: Walked[] = []
  const tar = new TarWalk(({ name, type, link, isSparse }) => {
    const entry = { name, type, link, isSparse, content: '' }
    walked.push(entry)
    return {
      write: (part) => {
        entry.content += part.toString('latin1')
        return undefined
      },
      end: () => Promise.resolve(),
    }
  }, entryLimit)
  for (let at = 0; at < bytes.length; at += pieceLength)
    await tar.write(bytes.subarray(at, at + pieceLength))
  tar.end()
  return walked
}

describe('a walk through a tar', () => {
  it('finds what tar-stream wrote, whatever the pieces', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '/', 'ü', '1'),
      minLength: 1,
      maxLength: 180,
    })
    const entry = fc.record({
      name: text.map((name) => `f${name}e`),
      content: fc.string({ maxLength: 1500 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 6 }),
        fc.integer({ min: 1, max: 3000 }),
        async (entries, length) => {
          const walked = await walk(
            await writeLayer(
              entries.map(({ name, content }) => ({ name, content: Buffer.from(content) })),
            ),
            length,
          )
          expect(walked.map(({ name, content }) => ({ name, content }))).toEqual(
            entries.map(({ name, content }) => ({
              name,
              content: Buffer.from(content).toString('latin1'),
            })),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each(['gnu', 'pax', 'ustar', 'v7'])(
    'reads what GNU tar writes in the format %s',
    async (format) => {
      const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'))
      try {
        const long = format === 'gnu' || format === 'pax' ? 'd'.repeat(120) : 'd'
        mkdirSync(join(folder, 'root', long), { recursive: true })
        writeFileSync(join(folder, 'root', long, 'file'), 'content')
        execFileSync('ln', ['-s', `${long}/file`, join(folder, 'root/link')])
        execFileSync('ln', [join(folder, 'root', long, 'file'), join(folder, 'root/twin')])
        execFileSync('tar', [
          `--format=${format}`,
          '--sort=name',
          '-C',
          join(folder, 'root'),
          '-cf',
          join(folder, 'a.tar'),
          long,
          'link',
          'twin',
        ])
        const walked = await walk(readFileSync(join(folder, 'a.tar')))
        expect(walked).toEqual([
          { name: `${long}/`, type: 'directory', link: '', isSparse: false, content: '' },
          { name: `${long}/file`, type: 'file', link: '', isSparse: false, content: 'content' },
          { name: 'link', type: 'symlink', link: `${long}/file`, isSparse: false, content: '' },
          { name: 'twin', type: 'hardlink', link: `${long}/file`, isSparse: false, content: '' },
        ])
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )

  it.each(['gnu', 'pax'])(
    'knows a sparse file in the format %s, and finds the entry after it',
    async (format) => {
      const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'))
      try {
        const holes = Array.from(
          { length: 40 },
          (_, at) => `truncate -s ${(at + 1) * 65536} s; printf x >> s`,
        )
        execFileSync('sh', ['-c', `cd "$0"; ${holes.join('; ')}; echo after > t`, folder])
        execFileSync('tar', [
          `--format=${format}`,
          '-S',
          '-C',
          folder,
          '-cf',
          join(folder, 'a.tar'),
          's',
          't',
        ])
        const walked = await walk(readFileSync(join(folder, 'a.tar')))
        expect(walked.map(({ name, isSparse }) => ({ name, isSparse }))).toEqual([
          { name: 's', isSparse: true },
          { name: 't', isSparse: false },
        ])
        expect(walked[1]?.content).toBe('after\n')
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )

  it('is not misled by a long name that the short one cuts behind a slash', async () => {
    const path = `${'d'.repeat(99)}/file`
    const long = Buffer.alloc(512)
    long.write(path)
    const body = Buffer.alloc(512)
    body.write('content')
    const bytes = Buffer.concat([
      writeHeader({ name: '././@LongLink', size: path.length + 1, flag: 'L' }),
      long,
      writeHeader({ name: path.slice(0, 100), size: 7 }),
      body,
      Buffer.alloc(1024),
    ])
    expect(await walk(bytes)).toEqual([
      { name: path, type: 'file', link: '', isSparse: false, content: 'content' },
    ])
  })

  it('passes over the body that a link claims to have none of', async () => {
    const bytes = Buffer.concat([
      writeHeader({ name: 'link', size: 5000, flag: '2', link: 'x' }),
      writeHeader({ name: 'after' }),
      Buffer.alloc(1024),
    ])
    expect((await walk(bytes)).map(({ name }) => name)).toEqual(['link', 'after'])
  })

  it('refuses a broken checksum, an end inside a file, huge names and too many entries', async () => {
    const broken = writeHeader({ name: 'a' })
    broken[0] = 0x62
    await expect(walk(broken)).rejects.toThrow(Unreadable)
    await expect(walk(writeHeader({ name: 'a', size: 600 }))).rejects.toThrow(
      'in the middle of a file',
    )
    await expect(walk(writeHeader({ name: 'a', size: 2 ** 31, flag: 'L' }))).rejects.toThrow(
      ScanLimit,
    )
    const many = Buffer.concat(Array.from({ length: 11 }, () => writeHeader({ name: 'a' })))
    await expect(walk(many, 512, 10)).rejects.toThrow('more than 10 entries')
  })

  it('ends with its own two errors, or none, on any bytes', async () => {
    const good = await writeLayer([
      { name: 'a'.repeat(150), content: 'x' },
      { name: 'b', content: 'y'.repeat(900) },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }),
        async (changes) => {
          const bytes = Buffer.from(good)
          for (const [at, value] of changes) bytes[at] = value
          await walk(bytes).catch((error: unknown) => {
            expect(error instanceof ScanLimit || error instanceof Unreadable).toBe(true)
          })
        },
      ),
    )
  })
})
