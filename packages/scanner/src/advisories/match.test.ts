import { describe, expect, test } from 'vitest'
import { statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalogue } from '../catalogue.ts'
import type { CataloguedPackage } from '../package.ts'
import type { AdvisoryImport, AdvisoryRecord, AdvisoryWriter } from './advisory-record.ts'
import { buildAdvisories } from './builder.ts'
import { openAdvisories, type AdvisoryDatabase, type MatchTarget } from './database.ts'
import { AdvisoryDatabaseError } from './errors.ts'
import { matchCatalogue, withoutAdvisories } from './match.ts'

const rhel9 = { id: 'rhel', release: '9', idLike: ['fedora'] }
const debian11 = { id: 'debian', release: '11', idLike: [] }

describe('distributions', () => {
  test('a deb is matched by its source and the version of that', async () => {
    await withImports(
      [advisories(affected('debian', '11', 'openssl', '1.1.1n-0+deb11u4'))],
      (database) => {
        const subject = { kind: 'deb', name: 'libssl1.1', version: '9:9' } as const
        const source = { name: 'openssl', version: '1.1.1n-0+deb11u3' }
        expect(
          database.match({ package: { ...subject, source }, distribution: debian11 }),
        ).toMatchObject([{ fixedVersion: '1.1.1n-0+deb11u4' }])
        expect(database.match({ package: subject, distribution: debian11 })).toEqual([])
        expect(
          database.match({
            package: { ...subject, source },
            distribution: { ...debian11, release: '12' },
          }),
        ).toEqual([])
      },
    )
  })

  test('an rpm is matched by its source and by its own name, once', async () => {
    const imports = [
      advisories(affected('rhel', '9', 'openssl', '1:3.0.7-27.el9'), 'A', 'CVE-2023-0001'),
      advisories(
        affected('rhel', '9', 'openssl-libs', '1:3.0.7-27.el9'),
        'B',
        'CVE-2023-0001',
        'two',
      ),
    ]
    await withImports(imports, (database) => {
      const version = '1:3.0.7-24.el9'
      const subject = {
        kind: 'rpm',
        name: 'openssl-libs',
        version,
        source: { name: 'openssl', version },
      } as const
      const [finding, ...others] = database.match({ package: subject, distribution: rhel9 })
      expect(others).toEqual([])
      expect(finding?.advisories).toEqual([
        { id: 'A', source: 'one' },
        { id: 'B', source: 'two' },
      ])
    })
  })

  test('advisories of every release count in each', async () => {
    await withImports([advisories(affected('wolfi', '', 'curl', '8.5.0-r0'))], (database) => {
      const target: MatchTarget = {
        package: { kind: 'apk', name: 'curl', version: '8.4.0-r0' },
        distribution: { id: 'wolfi', release: '20230201', idLike: [] },
      }
      expect(database.match(target)).toHaveLength(1)
      expect(database.covers(target)).toBe(true)
    })
  })

  test.each<[string | undefined, string | undefined, number]>([
    [undefined, undefined, 1],
    [undefined, 'nodejs:18:9020:abc', 1],
    ['', undefined, 1],
    ['', 'nodejs:18:9020:abc', 0],
    ['nodejs:18', 'nodejs:18:9020:abc', 1],
    ['nodejs:18', 'nodejs:18', 1],
    ['nodejs:1', 'nodejs:18:9020:abc', 0],
    ['nodejs:20', 'nodejs:18:9020:abc', 0],
    ['nodejs:18', undefined, 0],
    ['*', 'nodejs:18:9020:abc', 1],
    ['*', undefined, 0],
  ])('an advisory of the module %s, a package of %s: %i', async (module, modularity, count) => {
    const row = { ...affected('rhel', '9', 'nodejs', '1:99-1'), module }
    await withImports([advisories(row)], (database) => {
      const subject = { kind: 'rpm', name: 'nodejs', version: '1:18-1' } as const
      const target = { ...subject, ...(modularity !== undefined && { modularity }) }
      expect(database.match({ package: target, distribution: rhel9 })).toHaveLength(count)
    })
  })

  test('who says that a package is not affected is believed, for its versions', async () => {
    const denied = { ...affected('debian', '11', 'a', '3'), state: 'notAffected' as const }
    const range = affected('debian', '11', 'a', '5')
    const imports = [advisories(range, 'A'), advisories(denied, 'B', 'CVE-2023-0001', 'vendor')]
    await withImports(imports, (database) => {
      const match = (version: string): number =>
        database.match({ package: { kind: 'deb', name: 'a', version }, distribution: debian11 })
          .length
      expect(match('2')).toBe(0)
      expect(match('4')).toBe(1)
    })
  })
})

describe('what is joined to a vulnerability', () => {
  test('EPSS of the newer source, the first day on the KEV list', async () => {
    const imports: AdvisoryImport[] = [
      advisories(affected('npm', '', 'a', '2.0.0')),
      facts('grype-db', '2024-01-01T00:00:00.000Z', (writer) => {
        writer.epss('CVE-2023-0001', 0.9)
        writer.knownExploited('CVE-2023-0001', '2023-02-03')
      }),
      facts('epss', '2024-06-01T00:00:00.000Z', (writer) => writer.epss('CVE-2023-0001', 0.25)),
      facts('kev', '2024-06-01T00:00:00.000Z', (writer) =>
        writer.knownExploited('CVE-2023-0001', '2023-02-02'),
      ),
    ]
    await withImports(imports, (database) => {
      expect(database.match(npm('a', '1.0.0'))).toMatchObject([
        { epss: 0.25, knownExploited: '2023-02-02' },
      ])
    })
  })
})

describe('a catalogue', () => {
  test('worst first, each finding with its package', async () => {
    const import_: AdvisoryImport = {
      source: 'one',
      read(writer) {
        const record = (id: string, name: string): AdvisoryRecord =>
          recordOf(affected('npm', '', name, '2.0.0'), id, id)
        for (const id of ['CVE-2023-0001', 'CVE-2023-0002', 'CVE-2023-0003', 'CVE-2023-0004']) {
          writer.advisory(record(id, 'a'))
        }
        writer.advisory({ ...record('MAL-1', 'b'), isMalware: true })
        writer.score('CVE-2023-0002', { source: 'nvd', version: '3.1', score: 9.8 })
        writer.score('CVE-2023-0003', { source: 'nvd', version: '3.1', score: 5 })
        writer.score('CVE-2023-0004', { source: 'nvd', version: '3.1', score: 5 })
        writer.knownExploited('CVE-2023-0004', '2023-01-01')
        return Promise.resolve({ builtAt: '2024-01-01T00:00:00.000Z', leftOut: {} })
      },
    }
    await withImports([import_], (database) => {
      const found = matchCatalogue(
        database,
        catalogue([catalogued('npm', 'a'), catalogued('npm', 'b')]),
      )
      expect(found.map((finding) => [finding.package.name, finding.vulnerability])).toEqual([
        ['b', 'MAL-1'],
        ['a', 'CVE-2023-0002'],
        ['a', 'CVE-2023-0004'],
        ['a', 'CVE-2023-0003'],
        ['a', 'CVE-2023-0001'],
      ])
    })
  })

  test('packages that nobody writes advisories for are said, not counted as clean', async () => {
    await withImports([advisories(affected('debian', '11', 'a', '2'))], (database) => {
      const packages = [
        catalogued('deb', 'a'),
        { ...catalogued('deb', 'docker-ce'), isThirdParty: true as const },
        catalogued('npm', 'x'),
        catalogued('npm', 'y'),
      ]
      expect(
        withoutAdvisories(database, { ...catalogue(packages), distribution: distribution('11') }),
      ).toEqual([
        {
          path: 'place/of/deb',
          reason: '1 deb package not made by the distribution: its advisories say nothing of them.',
        },
        {
          path: 'place/of/npm',
          reason:
            '2 npm packages without any advisories to match: none have been imported for npm.',
        },
      ])
      expect(
        withoutAdvisories(database, {
          ...catalogue(packages.slice(0, 1)),
          distribution: distribution('13'),
        }),
      ).toEqual([
        {
          path: 'place/of/deb',
          reason:
            '1 deb package without any advisories to match: none have been imported for debian 13.',
        },
      ])
    })
  })
})

test('damage inside the file is an error that says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-match-'))
  try {
    const file = join(folder, 'advisories.db')
    const many: AdvisoryImport = {
      source: 'one',
      read(writer) {
        for (let index = 0; index < 2000; index += 1) {
          writer.advisory(
            recordOf(affected('npm', '', `a${index}`, '2.0.0'), `X-${index}`, `X-${index}`),
          )
        }
        return Promise.resolve({ builtAt: '2024-01-01T00:00:00.000Z', leftOut: {} })
      },
    }
    await buildAdvisories(file, [many])
    const database = openAdvisories(file)
    const size = statSync(file).size
    writeFileSync(file, Buffer.alloc(size - 4096, 0xff), { flag: 'r+', flush: true })
    expect(() => {
      for (let index = 0; index < 2000; index += 1) database.match(npm(`a${index}`, '1.0.0'))
    }).toThrow(AdvisoryDatabaseError)
    database.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

function npm(name: string, version: string): MatchTarget {
  return { package: { kind: 'npm', name, version } }
}

function affected(
  ecosystem: string,
  release: string,
  name: string,
  fixed: string,
): AdvisoryRecord['affected'][number] {
  return { ecosystem, release, name, ranges: [{ to: fixed, fixed }], versions: [], state: 'fixed' }
}

function recordOf(
  row: AdvisoryRecord['affected'][number],
  id: string,
  vulnerability: string,
): AdvisoryRecord {
  return {
    id,
    vulnerabilities: [vulnerability],
    aliases: [],
    references: [],
    cwes: [],
    scores: [],
    affected: [row],
  }
}

function advisories(
  row: AdvisoryRecord['affected'][number],
  id = 'A',
  vulnerability = 'CVE-2023-0001',
  source = 'one',
): AdvisoryImport {
  return facts(source, '2024-01-01T00:00:00.000Z', (writer) =>
    writer.advisory(recordOf(row, id, vulnerability)),
  )
}

function facts(
  source: string,
  builtAt: string,
  write: (writer: AdvisoryWriter) => void,
): AdvisoryImport {
  return {
    source,
    read(writer) {
      write(writer)
      return Promise.resolve({ builtAt, leftOut: {} })
    },
  }
}

async function withImports(
  imports: readonly AdvisoryImport[],
  work: (database: AdvisoryDatabase) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-match-'))
  try {
    const file = join(folder, 'advisories.db')
    await buildAdvisories(file, imports)
    const database = openAdvisories(file)
    try {
      work(database)
    } finally {
      database.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function catalogue(packages: readonly CataloguedPackage[]): Catalogue {
  return { version: 1, packages, notCovered: [] }
}

function catalogued(kind: 'deb' | 'npm', name: string): CataloguedPackage {
  return {
    kind,
    name,
    version: '1.0.0',
    purl: `pkg:${kind}/${name}@1.0.0`,
    licenses: [],
    path: `place/of/${kind}`,
  }
}

function distribution(release: string): NonNullable<Catalogue['distribution']> {
  return { id: 'debian', version: release, name: 'Debian', idLike: [], release }
}
