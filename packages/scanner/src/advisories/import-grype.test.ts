import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { buffer } from 'node:stream/consumers'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import tar from 'tar-stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { buildAdvisories } from './builder.ts'
import { openAdvisories } from './database.ts'
import { AdvisoryImportError } from './errors.ts'
import { rangesOfConstraint } from './grype-constraint.ts'
import { importGrype } from './import-grype.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-import-grype-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const debian = { id: 'debian', release: '12', idLike: [] }

test('what Grype knows of a package is found, with its fix, scores, EPSS and KEV', async () => {
  const { file, result } = await imported(makeGrype())
  expect(result.imports[0]?.leftOut).toEqual({
    'packages of ecosystems not matched': 2,
    'packages unreadable': 1,
    'without packages that are matched': 2,
    withdrawn: 1,
  })
  expect(result.data.builtAt).toBe('2026-02-01T01:30:06.000Z')
  const advisories = openAdvisories(file)
  const match = (version: string) =>
    advisories.match({ package: { kind: 'deb', name: 'openssl', version }, distribution: debian })
  expect(match('3.0.13-1')).toEqual([])
  expect(match('3.0.12-1')).toMatchObject([
    {
      vulnerability: 'CVE-2024-0001',
      advisories: [{ id: 'CVE-2024-0001', source: 'grype-db' }],
      fixState: 'fixed',
      fixedVersion: '3.0.13-1',
      fixAvailableAt: '2024-02-03T00:00:00.000Z',
      score: 9.8,
      severity: 'critical',
      scores: [
        { source: 'nvd', version: '3.1', score: 9.8 },
        { source: 'debian', score: 7, isEstimated: true },
      ],
      epss: 0.5,
      knownExploited: '2024-03-01',
      cwes: ['CWE-79'],
      description: 'a mistake',
      references: ['https://a.example/1'],
      published: '2024-01-02T00:00:00.000Z',
    },
  ])
  // Debian 11 is another release, of which nothing is said.
  expect(
    advisories.match({
      package: { kind: 'deb', name: 'openssl', version: '3.0.12-1' },
      distribution: { ...debian, release: '11' },
    }),
  ).toEqual([])
  advisories.close()
})

test('languages, alternatives, modules, CVEs of advisories, and what is said not to be affected', async () => {
  const { file } = await imported(makeGrype())
  const advisories = openAdvisories(file)
  const python = (version: string) =>
    advisories
      .match({ package: { kind: 'pypi', name: 'some-lib', version } })
      .map(({ vulnerability, aliases, fixedVersion }) => [vulnerability, aliases, fixedVersion])
  const found = ['CVE-2024-0002', ['GHSA-aaaa-bbbb-cccc'], '2.0']
  expect(python('1.5')).toEqual([found])
  expect(python('3')).toEqual([['CVE-2024-0002', ['GHSA-aaaa-bbbb-cccc'], undefined]])
  expect(python('2.0')).toEqual([])
  expect(python('0.9')).toEqual([])
  const node = (modularity: string | undefined) =>
    advisories
      .match({
        package: {
          kind: 'rpm',
          name: 'nodejs',
          version: '18.0.0-1.el9',
          ...(modularity && { modularity }),
        },
        distribution: { id: 'rhel', release: '9', idLike: [] },
      })
      .map(({ vulnerability, fixState }) => [vulnerability, fixState])
  expect(node('nodejs:18:920:abc')).toEqual([['CVE-2024-0003', 'wontFix']])
  expect(node('nodejs:20:920:abc')).toEqual([])
  expect(node(undefined)).toEqual([])
  expect(
    advisories.match({
      package: { kind: 'deb', name: 'harmless', version: '1.0-1' },
      distribution: debian,
    }),
  ).toEqual([])
  advisories.close()
})

test.each([
  ['tar.zst', zstdCompressSync],
  ['tar.gz', gzipSync],
  ['tar', (bytes: Buffer) => bytes],
])('the same from %s', async (ending, pack) => {
  const archive = join(folder, `db.${ending}`)
  await writeFile(archive, pack(await tarOf({ 'vulnerability.db': await readFile(makeGrype()) })))
  const { result } = await imported(archive)
  expect(result.imports[0]?.records).toBe(8)
  expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/^berth-grype-/))
})

test('an archive may hold no more than allowed, and its names are not paths', async () => {
  const archive = join(folder, 'db.tar')
  await writeFile(archive, await tarOf({ '../../vulnerability.db': await readFile(makeGrype()) }))
  const file = join(folder, 'advisories.db')
  const limited = importGrype({ path: archive, maxBytes: 1000 })
  await expect(buildAdvisories(file, [limited])).rejects.toThrow(/more than 1000 bytes/)
  await buildAdvisories(file, [importGrype({ path: archive })])
})

test.each<[string, () => Promise<string> | string, RegExp]>([
  ['another model', () => makeGrype(5), /of model 5; Berth reads model 6/],
  ['version 5', makeVersion5, /of model 5; Berth reads model 6/],
  ['another database', () => makeDatabase('x.db', ['CREATE TABLE a (b)']), /no table db_metadata/],
  [
    'no database',
    () => written('text', Buffer.from('hello, this is a text')),
    /text cannot be read/,
  ],
  ['half an archive', halfArchive, /cannot be read/],
  [
    'an archive of something else',
    async () => written('o.tar', await tarOf({ a: Buffer.from('a') })),
    /holds no vulnerability.db/,
  ],
  ['a broken database', brokenDatabase, /cannot be read|no database of Grype/],
  ['nothing', () => join(folder, 'none'), /none cannot be read/],
])('refuses %s', async (_, make, message) => {
  const failed = imported(await make())
  await expect(failed).rejects.toThrow(AdvisoryImportError)
  await expect(failed).rejects.toThrow(message)
})

test.each([
  ['', [{}]],
  ['< 3.0.13-1', [{ to: '3.0.13-1' }]],
  ['<=2', [{ to: '2', isToIncluded: true }]],
  ['>1.0,<2.0', [{ from: '1.0', isFromExcluded: true, to: '2.0' }]],
  ['= 3 || >= 4', [{ from: '3', to: '3', isToIncluded: true }, { from: '4' }]],
  ['1:2.3-4+deb11u1', [{ from: '1:2.3-4+deb11u1', to: '1:2.3-4+deb11u1', isToIncluded: true }]],
  ['~> 1.0', undefined],
  ['!= 1.0', undefined],
  ['< 1, < 2', undefined],
  ['>= 1 <2', undefined],
  ['< ', undefined],
  ['||', undefined],
])('constraint %j', (text, ranges) => {
  expect(rangesOfConstraint(text)).toEqual(ranges)
})

async function imported(path: string) {
  const file = join(folder, 'advisories.db')
  return { file, result: await buildAdvisories(file, [importGrype({ path })]) }
}

function makeDatabase(name: string, statements: readonly string[]): string {
  const path = join(folder, name)
  const database = new DatabaseSync(path)
  for (const sql of statements) database.exec(sql)
  database.close()
  return path
}

function makeVersion5(): string {
  return makeDatabase('v5.db', [
    'CREATE TABLE id (build_timestamp TEXT, schema_version INTEGER)',
    `INSERT INTO id VALUES ('2024-01-01', 5)`,
  ])
}

/** The tables of version 6 as published, with what the tests ask for. */
function makeGrype(model = 6): string {
  const blobs: string[] = []
  const blob = (value: unknown): number => blobs.push(JSON.stringify(value))
  const cvss = { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', version: '3.1' }
  const fixed = (version: string, date?: string) => ({
    version,
    state: 'fixed',
    ...(date !== undefined && { detail: { available: { date, kind: 'advisory' } } }),
  })
  const range = (constraint: string, fix?: unknown) => ({
    version: { type: 'x', constraint },
    ...(fix !== undefined && { fix }),
  })
  const vulnerabilities = [
    [
      1,
      'CVE-2024-0001',
      'active',
      'debian',
      '2024-01-02 00:00:00+00:00',
      null,
      blob({
        id: 'cve-2024-0001',
        description: 'a mistake',
        refs: [{ url: 'https://a.example/1' }],
        severities: [{ scheme: 'HML', value: 'high', rank: 1 }],
      }),
    ],
    [
      2,
      'GHSA-aaaa-bbbb-cccc',
      'active',
      'github',
      null,
      null,
      blob({ id: 'x', aliases: ['CVE-2024-0002'] }),
    ],
    [3, 'RHSA-2024:1', 'active', 'rhel', null, null, blob({ id: 'x' })],
    [4, 'CVE-2024-0004', 'rejected', 'debian', null, '2024-05-01', blob({ id: 'x' })],
    [
      5,
      'CVE-2024-0001',
      'active',
      'nvd',
      null,
      null,
      blob({ severities: [{ scheme: 'CVSS', value: cvss, source: 'nvd@nist.gov' }] }),
    ],
    [6, 'CVE-2024-0006', 'active', 'debian', null, null, blob({ id: 'x' })],
    [7, 'CVE-2024-0007', 'active', 'debian', null, null, blob({ id: 'x' })],
  ]
  const packages = [
    [1, 'deb', 'openssl'],
    [2, 'python', 'Some_Lib'],
    [3, 'rpm', 'nodejs'],
    [4, 'swift', 'thing'],
    [5, 'deb', 'harmless'],
  ]
  const systems = [
    [1, 'debian', '12', null, null, 'bookworm', null],
    [2, 'redhat', '9', '0', null, '', null],
    [3, 'redhat', '9', '2', null, '', 'eus'],
  ]
  const affected = [
    // Not in the order of the vulnerabilities.
    [
      1,
      3,
      2,
      3,
      blob({
        cves: ['CVE-2024-0003'],
        qualifiers: { rpm_modularity: 'nodejs:18' },
        ranges: [range('', { state: 'wont-fix' })],
      }),
    ],
    [2, 1, 1, 1, blob({ ranges: [range('< 3.0.13-1', fixed('3.0.13-1', '2024-02-03'))] })],
    [3, 2, null, 2, blob({ ranges: [range('>= 1.0, < 2.0', fixed('2.0')), range('= 3')] })],
    [4, 2, null, 4, blob({ ranges: [range('< 9')] })],
    [5, 3, 3, 3, blob({ ranges: [range('< 9')] })],
    [6, 6, 1, 1, blob({ ranges: [range('~> 1.0')] })],
    [7, 7, 1, 5, blob({ ranges: [range('')] })],
  ]
  const unaffected = [[1, 7, 1, 5, blob({ ranges: [range('>= 1.0-1')] })]]
  const exploited = [
    ['CVE-2024-0001', blob({ cve: 'CVE-2024-0001', date_added: '2024-03-01T00:00:00Z' })],
  ]
  const values = (table: string, rows: readonly (readonly (string | number | null)[])[]): string =>
    `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}`
  return makeDatabase(`grype-${model}.db`, [
    'CREATE TABLE db_metadata (build_timestamp datetime, model integer, revision integer, addition integer)',
    'CREATE TABLE blobs (id integer PRIMARY KEY, value text)',
    'CREATE TABLE vulnerability_handles (id integer PRIMARY KEY, name text, status text, provider_id text, published_date datetime, withdrawn_date datetime, blob_id integer)',
    'CREATE TABLE packages (id integer PRIMARY KEY, ecosystem text, name text)',
    'CREATE TABLE operating_systems (id integer PRIMARY KEY, name text, major_version text, minor_version text, label_version text, codename text, channel text)',
    'CREATE TABLE affected_package_handles (id integer PRIMARY KEY, vulnerability_id integer, operating_system_id integer, package_id integer, blob_id integer)',
    'CREATE TABLE unaffected_package_handles (id integer PRIMARY KEY, vulnerability_id integer, operating_system_id integer, package_id integer, blob_id integer)',
    'CREATE TABLE epss_handles (cve text, epss real, percentile real, date datetime)',
    'CREATE TABLE known_exploited_vulnerability_handles (cve text, blob_id integer)',
    'CREATE TABLE cwe_handles (cve text, cwe text, source text, type text)',
    values('db_metadata', [['2026-02-01 01:30:06+00:00', model, 1, 4]]),
    values('vulnerability_handles', vulnerabilities),
    values('packages', packages),
    values('operating_systems', systems),
    values('affected_package_handles', affected),
    values('unaffected_package_handles', unaffected),
    values('epss_handles', [
      ['CVE-2024-0001', 0.5, 0.9, '2026-01-31'],
      ['CVE-2024-0002', 0.25, 0.5, '2026-01-31'],
    ]),
    values('known_exploited_vulnerability_handles', exploited),
    values('cwe_handles', [['CVE-2024-0001', 'CWE-79', 'nvd', 'Primary']]),
    values(
      'blobs',
      blobs.map((value, index) => [index + 1, value]),
    ),
  ])
}

function literal(value: string | number | null): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}

async function tarOf(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const pack = tar.pack()
  for (const [name, content] of Object.entries(files)) pack.entry({ name }, content)
  pack.finalize()
  return buffer(pack)
}

async function written(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

async function halfArchive(): Promise<string> {
  const whole = zstdCompressSync(await tarOf({ 'vulnerability.db': await readFile(makeGrype()) }))
  return written('half.tar.zst', whole.subarray(0, whole.length / 2))
}

async function brokenDatabase(): Promise<string> {
  const whole = await readFile(makeGrype())
  return written('broken.db', whole.fill(0x41, 100, whole.length / 2))
}
