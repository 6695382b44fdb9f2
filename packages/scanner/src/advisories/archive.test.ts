import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import tar from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildAdvisories } from './builder.ts'
import { openAdvisories } from './database.ts'
import { AdvisoryImportError } from './errors.ts'
import { exportAdvisories } from './export-archive.ts'
import { importAdvisories } from './import-archive.ts'
import { importOsv } from './import-osv.ts'
import { formerFile } from './swap-file.ts'
import { affects, osv, zipOf } from './testing/osv-files.ts'

let folder: string
let here: string
let there: string
let archive: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-archive-'))
  here = join(folder, 'here.db')
  there = join(folder, 'there.db')
  archive = join(folder, 'advisories.tar.zst')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('what one Berth exports another imports, sources and licences with it', async () => {
  await build(here, 'a', 'b')
  const manifest = await exportAdvisories(here, archive)
  expect(manifest).toMatchObject({
    format: 'berth-advisories',
    builtAt: '2024-05-01T00:00:00.000Z',
    sources: [{ name: 'osv/npm', records: 2, license: 'CC-BY-4.0' }],
  })
  expect(await entries()).toEqual({
    'manifest.json': JSON.parse(JSON.stringify(manifest)) as unknown,
    'advisories.db': createHash('sha256').update(readFileSync(here)).digest('hex'),
  })
  expect(await importAdvisories(archive, there)).toMatchObject({ revision: 1 })
  expect(names(there)).toEqual(['a', 'b'])
})

test('an import counts up from what was there, so that images are matched again', async () => {
  for (let round = 0; round < 5; round += 1) await build(there, 'old')
  await build(here, 'a')
  await exportAdvisories(here, archive)
  expect(await importAdvisories(archive, there)).toMatchObject({ revision: 6 })
  expect(names(there)).toEqual(['a'])
  expect(names(formerFile(there))).toEqual(['old'])
})

test('an archive replaces a broken database', async () => {
  await build(here, 'a')
  await exportAdvisories(here, archive)
  await writeFile(there, 'broken')
  await importAdvisories(archive, there)
  expect(names(there)).toEqual(['a'])
})

test.each<[string, () => Promise<void> | void, RegExp]>([
  [
    'cut short',
    () => writeFileSync(archive, readFileSync(archive).subarray(0, -2000)),
    /no whole archive/,
  ],
  ['no archive', () => writeFileSync(archive, 'hello'), /no whole archive/],
  ['empty', () => writeFileSync(archive, ''), /no whole archive|holds no advisories\.db/],
  [
    'changed inside',
    () => {
      const bytes = zstdDecompressSync(readFileSync(archive))
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 5000) ^ 1, bytes.length - 5000)
      writeFileSync(archive, zstdCompressSync(bytes))
    },
    /checksum/,
  ],
  ['without a manifest', () => pack([['advisories.db', readFileSync(here)]]), /does not belong/],
  [
    'without a database',
    () => pack([['manifest.json', manifestOf(readFileSync(here))]]),
    /holds no advisories\.db/,
  ],
  [
    'with a path that leads out',
    () =>
      pack([
        ['manifest.json', manifestOf(readFileSync(here))],
        ['../../x', 'x'],
      ]),
    /does not belong/,
  ],
  [
    'with a manifest of something else',
    () =>
      pack([
        ['manifest.json', '{}'],
        ['advisories.db', readFileSync(here)],
      ]),
    /is not that of an archive of advisories/,
  ],
  [
    'of a newer Berth',
    () => pack([['manifest.json', manifestOf(readFileSync(here), { schema: 99 })]]),
    /made by a newer Berth/,
  ],
  [
    'of another size',
    () =>
      pack([
        ['manifest.json', manifestOf(Buffer.from('x'))],
        ['advisories.db', readFileSync(here)],
      ]),
    /bytes, not 1/,
  ],
  [
    'with no database in it',
    () =>
      pack([
        ['manifest.json', manifestOf(Buffer.from('no database'))],
        ['advisories.db', 'no database'],
      ]),
    /broken or no SQLite file/,
  ],
])('an archive that is %s changes nothing', async (_, spoil, message) => {
  await build(here, 'a')
  await exportAdvisories(here, archive)
  await spoil()
  await build(there, 'old')
  const importing = importAdvisories(archive, there)
  await expect(importing).rejects.toThrow(AdvisoryImportError)
  await expect(importing).rejects.toThrow(message)
  expect(names(there)).toEqual(['old'])
  expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([])
})

test('an export that cannot be written leaves nothing behind', async () => {
  await build(here, 'a')
  await expect(exportAdvisories(here, join(folder, 'no', 'x.tar.zst'))).rejects.toThrow(
    /cannot be written/,
  )
})

async function build(file: string, ...packages: readonly string[]): Promise<void> {
  const zip = join(folder, 'npm.zip')
  const records = packages.map((name) =>
    osv({ id: `GHSA-${name}`, affected: [affects('npm', name, [{ introduced: '0' }])] }),
  )
  await writeFile(
    zip,
    zipOf(records.map((record, index) => [`${index}.json`, JSON.stringify(record)])),
  )
  await buildAdvisories(file, [importOsv({ path: zip, license: 'CC-BY-4.0' })])
}

function names(file: string): string[] {
  const database = openAdvisories(file)
  try {
    return ['a', 'b', 'old'].filter(
      (name) => database.match({ package: { kind: 'npm', name, version: '1.0.0' } }).length > 0,
    )
  } finally {
    database.close()
  }
}

function manifestOf(database: Buffer, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    format: 'berth-advisories',
    version: 1,
    schema: 1,
    builtAt: '',
    exportedAt: '',
    database: {
      size: database.length,
      sha256: createHash('sha256').update(database).digest('hex'),
    },
    sources: [],
    ...more,
  })
}

async function pack(files: readonly (readonly [string, string | Buffer])[]): Promise<void> {
  const stream = tar.pack()
  for (const [name, contents] of files) stream.entry({ name }, contents)
  stream.finalize()
  const chunks: Buffer[] = []
  await pipeline(stream, createZstdCompress(), async (packed: AsyncIterable<Buffer>) => {
    for await (const chunk of packed) chunks.push(chunk)
  })
  writeFileSync(archive, Buffer.concat(chunks))
}

/** The manifest read, the database as its checksum. */
async function entries(): Promise<Record<string, unknown>> {
  const extract = tar.extract()
  extract.end(zstdDecompressSync(readFileSync(archive)))
  const found: Record<string, unknown> = {}
  for await (const entry of extract) {
    if (entry.header.name === 'manifest.json') {
      found[entry.header.name] = JSON.parse(await text(entry)) as unknown
    } else {
      const hash = createHash('sha256')
      for await (const chunk of entry) hash.update(chunk as Buffer)
      found[entry.header.name] = hash.digest('hex')
    }
  }
  return found
}
