import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildAdvisories } from './builder.ts'
import { AdvisoryImportError } from './errors.ts'
import { importOsv, type OsvImportOptions } from './import-osv.ts'
import { openAdvisories } from './database.ts'
import { affects, osv, zipOf } from './testing/osv-files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-import-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const record = osv({
  id: 'GHSA-1',
  affected: [affects('npm', 'a', [{ introduced: '0' }, { fixed: '1.2.3' }])],
})

test('a single JSON file', async () => {
  await writeFile(join(folder, 'one.json'), JSON.stringify(record))
  expect(await imported({ path: join(folder, 'one.json') })).toMatchObject({
    source: 'osv/one',
    records: 1,
    found: ['GHSA-1'],
  })
})

test('a folder with folders in it, YAML as well, links and hidden folders passed over', async () => {
  const root = join(folder, 'database')
  await mkdir(join(root, 'vulns', 'deep'), { recursive: true })
  await mkdir(join(root, '.git'))
  await writeFile(join(root, 'package.json'), '{"name": "no record"}')
  await writeFile(join(root, '.git', 'x.json'), JSON.stringify(osv({ ...record, id: 'GHSA-9' })))
  await writeFile(join(root, 'vulns', 'a.json'), JSON.stringify(record))
  await writeFile(
    join(root, 'vulns', 'deep', 'PYSEC-1.yaml'),
    `id: PYSEC-1
modified: 2023-01-01T00:00:00Z
aliases:
- CVE-2023-0001
affected:
- package: {ecosystem: PyPI, name: Foo.Bar}
  versions: ["1.0"]
`,
  )
  await writeFile(join(folder, 'outside.json'), JSON.stringify(osv({ ...record, id: 'GHSA-8' })))
  await symlink(join(folder, 'outside.json'), join(root, 'vulns', 'link.json'))
  expect(await imported({ path: root })).toMatchObject({
    source: 'osv/database',
    records: 2,
    leftOut: { 'not OSV records': 1 },
    found: ['GHSA-1', 'CVE-2023-0001'],
  })
})

test('names inside an archive are never paths', async () => {
  const archive = join(folder, 'all.zip')
  await writeFile(
    archive,
    zipOf([
      ['../../outside.json', JSON.stringify(record)],
      ['/etc/x\u0000.json', JSON.stringify(osv({ ...record, id: 'GHSA-2' }))],
    ]),
  )
  expect(await imported({ path: archive })).toMatchObject({ records: 2 })
})

test('what cannot be read is left out and counted', async () => {
  const archive = join(folder, 'npm.zip')
  await writeFile(
    archive,
    zipOf([
      ['a.json', JSON.stringify(record)],
      ['b.json', '{ not json'],
      ['c.json', JSON.stringify({ id: 7, affected: 'x' })],
      ['d.json', JSON.stringify(osv({ ...record, withdrawn: '2024-01-01T00:00:00Z' }))],
      ['e.json', ' '.repeat(5000)],
      ['f.txt', 'read me'],
      [
        'g.json',
        JSON.stringify(osv({ affected: [affects('Android', 'x', [{ introduced: '0' }])] })),
      ],
    ]),
  )
  expect(await imported({ path: archive, limits: { documentBytes: 4000 } })).toMatchObject({
    source: 'osv/npm',
    records: 1,
    leftOut: {
      'not OSV records': 1,
      unreadable: 1,
      withdrawn: 1,
      'too large': 1,
      'entries of ecosystems not matched': 1,
    },
  })
})

test('a date to come does not make the data look fresh', async () => {
  const archive = join(folder, 'npm.zip')
  await writeFile(
    archive,
    zipOf([
      ['a.json', JSON.stringify(osv({ ...record, modified: '2999-01-01T00:00:00Z' }))],
      ['b.json', JSON.stringify(osv({ ...record, modified: '2024-03-01T00:00:00Z' }))],
    ]),
  )
  expect(await imported({ path: archive })).toMatchObject({ builtAt: '2024-03-01T00:00:00.000Z' })
})

test.each<[string, () => Buffer, Partial<OsvImportOptions>, RegExp]>([
  ['is cut short', () => whole().subarray(0, -30), {}, /no whole zip archive/],
  [
    'is damaged',
    () => {
      const bytes = whole()
      bytes.writeUInt8(bytes.readUInt8(60) ^ 0xff, 60)
      return bytes
    },
    {},
    /no whole zip archive/,
  ],
  [
    'claims a smaller size',
    () => zipOf([['a.json', JSON.stringify(record)]], { uncompressedSize: 10 }),
    {},
    /no whole zip archive/,
  ],
  ['holds no record', () => zipOf([['a.json', '{}']]), {}, /no OSV record that can be used/],
  ['has too many files', whole, { limits: { entries: 2 } }, /more than 2 files/],
  ['has too many bytes', whole, { limits: { totalBytes: 500 } }, /more than 500 bytes/],
])('an archive that %s fails as a whole', async (_, bytes, options, message) => {
  const archive = join(folder, 'all.zip')
  await writeFile(archive, bytes())
  const running = imported({ path: archive, ...options })
  await expect(running).rejects.toThrow(AdvisoryImportError)
  await expect(running).rejects.toThrow(message)
})

test('a path that is not there', async () => {
  await expect(imported({ path: join(folder, 'none.zip') })).rejects.toThrow(
    /none\.zip cannot be read/,
  )
})

test('an abort ends the import of an archive', async () => {
  const archive = join(folder, 'all.zip')
  const files = Array.from(
    { length: 3000 },
    (_, index) => [`${index}.json`, JSON.stringify(record)] as const,
  )
  await writeFile(archive, zipOf(files))
  const abort = new AbortController()
  setTimeout(() => abort.abort(new Error('stopped')), 1)
  await expect(
    buildAdvisories(join(folder, 'advisories.db'), [importOsv({ path: archive })], {
      signal: abort.signal,
    }),
  ).rejects.toThrow('stopped')
})

function whole(): Buffer {
  return zipOf(['a', 'b', 'c'].map((name) => [`${name}.json`, JSON.stringify(record)]))
}

async function imported(options: OsvImportOptions): Promise<{
  source: string
  records: number
  leftOut: Readonly<Record<string, number>>
  builtAt: string | null
  found: string[]
}> {
  const file = join(folder, 'advisories.db')
  const built = await buildAdvisories(file, [importOsv(options)])
  const database = openAdvisories(file)
  try {
    const found = [
      ...database.match({ package: { kind: 'npm', name: 'a', version: '1.0.0' } }),
      ...database.match({ package: { kind: 'pypi', name: 'foo-bar', version: '1.0.0' } }),
    ].map(({ vulnerability }) => vulnerability)
    const [one] = built.imports
    return {
      source: one?.source ?? '',
      records: one?.records ?? 0,
      leftOut: one?.leftOut ?? {},
      builtAt: built.data.builtAt,
      found,
    }
  } finally {
    database.close()
  }
}
