import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { getPackages, getPackagesNdb, getPackagesSqlite } from '@snyk/rpm-parser'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { Detected, Detector } from '../../packages/scanner/src/detector.ts'
import { rpmBdb } from '../../packages/scanner/src/detectors/rpm-bdb.ts'
import { rpmNdb } from '../../packages/scanner/src/detectors/rpm-ndb.ts'
import { rpmSqlite } from '../../packages/scanner/src/detectors/rpm-sqlite.ts'
import { writeNdb } from '../../packages/scanner/src/detectors/rpm/testing/write-ndb.ts'
import { detectBytes } from '../../packages/scanner/src/detectors/testing/scanned-file.ts'
import { findTool } from '../tools/process.ts'

const needed = ['rpm', 'rpmbuild', 'db_load']
const missing = needed.filter((name) => findTool(name) === undefined)

/** Debian's rpm writes SQLite alone; it reads Berkeley DB too. NDB has no tool here but another reader. */
const describeRpm = missing.length === 0 ? describe : describe.skip

if (missing.length > 0 && process.env.CI === 'true') {
  test('rpm is installed', () => {
    expect.fail(`not there: ${missing.join(', ')}; Debian packages rpm and db-util`)
  })
}

/** One package of every kind that matters, and some hundred more; one has files enough for a long chain of pages. */
function specs(): { name: string; text: string }[] {
  const spec = (name: string, tags: readonly string[], more = '') => ({
    name,
    text: [
      `Name: ${name}`,
      ...tags,
      'Summary: For a test',
      'BuildArch: noarch',
      '%description',
      'For a test.',
      more,
    ].join('\n'),
  })
  const subpackages = Array.from(
    { length: 150 },
    (_, index) =>
      `%package part${index}\nSummary: Part\n%description part${index}\nPart.\n%files part${index}`,
  )
  const files = 'mkdir -p %{buildroot}/usr/share/large/one /%{buildroot}/usr/share/large/two\n'
  return [
    spec(
      'alpha',
      [
        'Version: 1.2~rc1',
        'Release: 4.el9',
        'Epoch: 2',
        'License: MIT AND BSD',
        'Vendor: Red Hat, Inc.',
      ],
      subpackages.join('\n'),
    ),
    spec(
      'bravo',
      ['Version: 3', 'Release: 1', 'License: Proprietary', 'Vendor: Bravo Corporation'],
      '%files',
    ),
    spec(
      'charlie',
      [
        'Version: 18.14.0',
        'Release: 1.module+el8',
        'License: MIT',
        'ModularityLabel: nodejs:18:8080020230301:63b34585',
      ],
      `%install\n${files}for n in $(seq 1500); do touch %{buildroot}/usr/share/large/one/file-$n %{buildroot}/usr/share/large/two/other-$n; done\n%files\n/usr/share/large`,
    ),
  ]
}

describeRpm('databases that rpm itself wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-rpm-'))
  const database = join(folder, 'db')
  const blobs: Buffer[] = []
  let sqlite: Buffer

  const query = (format: string, dbpath = database, backend = 'sqlite') =>
    execFileSync(
      'rpm',
      ['--dbpath', dbpath, '--define', `_db_backend ${backend}`, '-qa', '--qf', format],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
      .trimEnd()
      .split('\n')
      .sort()

  beforeAll(() => {
    for (const { name, text } of specs()) {
      const spec = join(folder, `${name}.spec`)
      writeFileSync(spec, text)
      execFileSync('rpmbuild', ['-bb', '--define', `_topdir ${join(folder, 'build')}`, spec], {
        stdio: 'pipe',
      })
    }
    const built = join(folder, 'build/RPMS/noarch')
    const packages = readdirSync(built).map((file) => join(built, file))
    mkdirSync(database)
    execFileSync(
      'rpm',
      ['--dbpath', database, '-i', '--justdb', '--nodeps', '--noscripts', ...packages],
      { stdio: 'pipe' },
    )
    sqlite = readFileSync(join(database, 'rpmdb.sqlite'))
    const reader = new DatabaseSync(join(database, 'rpmdb.sqlite'), { readOnly: true })
    for (const row of reader.prepare('SELECT blob FROM Packages').all()) {
      if (row['blob'] instanceof Uint8Array) blobs.push(Buffer.from(row['blob']))
    }
    reader.close()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** All facts of all packages, as `query` prints them. */
  const format =
    '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{ARCH} (%{LICENSE}) %|VENDOR?{%{VENDOR}}:{-}| %|MODULARITYLABEL?{%{MODULARITYLABEL}}:{-}| %{SOURCERPM}\n'
  const describeAll = ({ packages }: Detected) =>
    (packages ?? [])
      .map(
        ({ name, version, architecture, licenses, maintainer, modularity, purl }) =>
          `${name} ${version} ${architecture} (${licenses.join()}) ${maintainer ?? '-'} ${modularity ?? '-'} ${new URL(purl).searchParams.get('upstream')}`,
      )
      .sort()

  async function expectAsRpmSays(detector: Detector, path: string, bytes: Buffer): Promise<void> {
    const detected = await detectBytes(detector, path, bytes)
    expect(detected.notCovered).toBeUndefined()
    expect(detected.packages).toHaveLength(152)
    expect(describeAll(detected)).toEqual(query(format))
    const files = query('[%{FILENAMES}\n]').filter((file) => file.startsWith('/'))
    expect(files.length).toBeGreaterThan(3_000)
    expect([...(detected.owned ?? [])].sort()).toEqual(files.map((file) => file.slice(1)).sort())
  }

  it('in SQLite are read as rpm reads them', async () => {
    await expectAsRpmSays(rpmSqlite, 'var/lib/rpm/rpmdb.sqlite', sqlite)
  })

  it('name the source package and tell third parties apart', async () => {
    const { packages } = await detectBytes(rpmSqlite, 'var/lib/rpm/rpmdb.sqlite', sqlite)
    const found = new Map(packages?.map((each) => [each.name, each]))
    expect(found.get('alpha-part7')?.source).toEqual({ name: 'alpha', version: '2:1.2~rc1-4.el9' })
    expect(found.get('alpha-part7')?.isThirdParty).toBeUndefined()
    expect(found.get('bravo')?.isThirdParty).toBe(true)
    expect(found.get('charlie')?.modularity).toBe('nodejs:18:8080020230301:63b34585')
  })

  it('in SQLite are read as another reader does', async () => {
    const { response } = await getPackagesSqlite(sqlite)
    await expectSameNames(rpmSqlite, 'var/lib/rpm/rpmdb.sqlite', sqlite, response)
  })

  it.each([
    ['little', 512],
    ['little', 4096],
    ['little', 65_536],
    ['big', 512],
    ['big', 4096],
  ] as const)(
    'in Berkeley DB, %s endian, pages of %s bytes, are read as rpm reads them',
    async (order, pageSize) => {
      const dbpath = join(folder, `${order}-${pageSize}`)
      mkdirSync(dbpath)
      const file = join(dbpath, 'Packages')
      const key = (number: number) => {
        const bytes = Buffer.alloc(4)
        if (order === 'little') bytes.writeUInt32LE(number)
        else bytes.writeUInt32BE(number)
        return ` ${bytes.toString('hex')}`
      }
      const records = blobs.flatMap((blob, index) => [key(index + 1), ` ${blob.toString('hex')}`])
      const head = [
        'VERSION=3',
        'format=bytevalue',
        'type=hash',
        `db_lorder=${order === 'little' ? 1234 : 4321}`,
      ]
      execFileSync('db_load', [file], {
        input: [
          ...head,
          `db_pagesize=${pageSize}`,
          'HEADER=END',
          key(0),
          key(blobs.length),
          ...records,
          'DATA=END',
          '',
        ].join('\n'),
      })
      expect(query(format, dbpath, 'bdb_ro')).toEqual(query(format))
      const bytes = readFileSync(file)
      await expectAsRpmSays(rpmBdb, 'var/lib/rpm/Packages', bytes)
      if (order === 'little' && pageSize === 512) {
        // It reads little endian alone, and only what lies in overflow pages: here, everything.
        const { response } = await getPackages(bytes)
        await expectSameNames(rpmBdb, 'var/lib/rpm/Packages', bytes, response)
      }
    },
  )

  it('in NDB are read as another reader does', async () => {
    const bytes = writeNdb(blobs)
    await expectAsRpmSays(rpmNdb, 'usr/lib/sysimage/rpm/Packages.db', bytes)
    const { response } = await getPackagesNdb(bytes)
    await expectSameNames(rpmNdb, 'usr/lib/sysimage/rpm/Packages.db', bytes, response)
  })
})

async function expectSameNames(
  detector: Detector,
  path: string,
  bytes: Buffer,
  others: readonly { name: string; version: string; release: string; epoch?: number }[],
): Promise<void> {
  const { packages } = await detectBytes(detector, path, bytes)
  expect(others.length).toBeGreaterThan(150)
  expect(packages?.map(({ name, version }) => `${name} ${version}`).sort()).toEqual(
    others
      .map(({ name, version, release, epoch }) => {
        const evr = `${version}-${release}`
        return `${name} ${epoch === undefined || epoch === 0 ? evr : `${epoch}:${evr}`}`
      })
      .sort(),
  )
}
