import { describe, expect, test } from 'vitest'
import type { Finding } from '../finding.ts'
import type { MatchTarget } from './database.ts'
import { affects, osv, withAdvisories } from './testing/osv-files.ts'

const debian11 = { id: 'debian', release: '11', idLike: [] }

describe('which vulnerability a record is reported as', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ['the CVE of a record named after it', { id: 'DEBIAN-CVE-2023-1111' }, ['CVE-2023-1111']],
    [
      'each CVE that a DSA names in upstream',
      { id: 'DSA-1-1', upstream: ['CVE-2023-0001', 'CVE-2023-0002', 'CVE-2023-0001'] },
      ['CVE-2023-0001', 'CVE-2023-0002'],
    ],
    ['the CVE in aliases', { id: 'GHSA-1', aliases: ['CVE-2023-0001'] }, ['CVE-2023-0001']],
    [
      'what an older record of a distribution names in related',
      { id: 'ALSA-1', related: ['CVE-2023-0001'] },
      ['CVE-2023-0001'],
    ],
    [
      'not what is related where upstream names one',
      { id: 'ALSA-1', upstream: ['CVE-2023-0002'], related: ['CVE-2023-0001'] },
      ['CVE-2023-0002'],
    ],
    ['the record itself when it names nothing', { id: 'DSA-1-1' }, ['DSA-1-1']],
  ])('%s', async (_, fields, expected) => {
    const record = osv({
      ...fields,
      affected: [affects('Debian:11', 'a', [{ introduced: '0' }, { fixed: '2' }])],
    })
    const findings = await matched([record], deb('a', '1'))
    expect(findings.map(({ vulnerability }) => vulnerability)).toEqual(expected)
    expect(findings.map(({ advisories }) => advisories)).toEqual(
      expected.map(() => [{ id: fields['id'], source: 'osv/test' }]),
    )
  })

  test('related is no other name for what languages publish', async () => {
    const record = osv({
      id: 'GHSA-1',
      related: ['CVE-2023-0001'],
      affected: [affects('npm', 'a', [{ introduced: '0' }])],
    })
    expect(names(await matched([record], npm('a', '1.0.0')))).toEqual(['GHSA-1'])
  })
})

describe('one finding for each vulnerability of a package', () => {
  test('records of one CVE are merged, with every advisory that says so', async () => {
    const range = [{ introduced: '0' }, { fixed: '2-1' }]
    const records = [
      osv({
        id: 'DSA-1-1',
        upstream: ['CVE-2023-0001'],
        affected: [affects('Debian:11', 'a', range)],
      }),
      osv({ id: 'DEBIAN-CVE-2023-0001', affected: [affects('Debian:11', 'a', range)] }),
    ]
    const [finding, ...others] = await matched(records, deb('a', '1-1'))
    expect(others).toEqual([])
    expect(finding).toMatchObject({
      vulnerability: 'CVE-2023-0001',
      advisories: [
        { id: 'DEBIAN-CVE-2023-0001', source: 'osv/test' },
        { id: 'DSA-1-1', source: 'osv/test' },
      ],
      fixState: 'fixed',
      fixedVersion: '2-1',
    })
  })

  test('a record without a CVE joins the one that names it', async () => {
    const range = [{ introduced: '0' }, { fixed: '2.0' }]
    const records = [
      osv({ id: 'PYSEC-1', aliases: ['GHSA-1'], affected: [affects('PyPI', 'a', range)] }),
      osv({ id: 'GHSA-1', aliases: ['CVE-2023-0001'], affected: [affects('PyPI', 'a', range)] }),
    ]
    const findings = await matched(records, pypi('a', '1.0'))
    expect(findings).toMatchObject([
      {
        vulnerability: 'CVE-2023-0001',
        aliases: expect.arrayContaining(['GHSA-1', 'PYSEC-1']) as string[],
      },
    ])
    expect(findings[0]?.advisories.map(({ id }) => id)).toEqual(['GHSA-1', 'PYSEC-1'])
  })

  test('two CVEs of one record stay two', async () => {
    const record = osv({
      id: 'GO-1',
      aliases: ['CVE-2023-0001', 'CVE-2023-0002', 'GHSA-1'],
      affected: [affects('Go', 'example.org/a', [{ introduced: '0' }])],
    })
    expect(names(await matched([record], go('example.org/a', 'v1.0.0')))).toEqual([
      'CVE-2023-0001',
      'CVE-2023-0002',
    ])
  })

  test('several entries of one record for one package', async () => {
    const record = osv({
      id: 'GHSA-1',
      affected: [
        affects('npm', 'a', [{ introduced: '1.0.0' }, { fixed: '1.4.0' }]),
        affects('npm', 'a', [{ introduced: '2.0.0' }, { fixed: '2.4.0' }]),
        affects('npm', 'b', [{ introduced: '0' }]),
      ],
    })
    expect(await matched([record], npm('a', '2.1.0'))).toMatchObject([{ fixedVersion: '2.4.0' }])
    expect(await matched([record], npm('a', '1.9.0'))).toEqual([])
  })
})

describe('which versions are affected', () => {
  test.each<[string, Record<string, string>[], Record<string, unknown>, string, boolean]>([
    ['below the fix', [{ introduced: '0' }, { fixed: '1.2.0' }], {}, '1.1.9', true],
    ['at the fix', [{ introduced: '0' }, { fixed: '1.2.0' }], {}, '1.2.0', false],
    ['at the last affected', [{ introduced: '0' }, { last_affected: '1.2.0' }], {}, '1.2.0', true],
    ['above it', [{ introduced: '0' }, { last_affected: '1.2.0' }], {}, '1.2.1', false],
    ['before it began', [{ introduced: '1.0.0' }, { fixed: '1.2.0' }], {}, '0.9.0', false],
    ['where it began', [{ introduced: '1.0.0' }, { fixed: '1.2.0' }], {}, '1.0.0', true],
    ['a prerelease before 0', [{ introduced: '0' }, { fixed: '1.0.0' }], {}, '0.0.0-alpha', true],
    [
      'between two ranges, events in disorder',
      [{ fixed: '2.5.0' }, { introduced: '2.0.0' }, { fixed: '1.5.0' }, { introduced: '0' }],
      {},
      '1.7.0',
      false,
    ],
    [
      'in the second range',
      [{ introduced: '0' }, { fixed: '1.5.0' }, { introduced: '2.0.0' }, { fixed: '2.5.0' }],
      {},
      '2.1.0',
      true,
    ],
    ['at a limit', [{ introduced: '0' }, { limit: '2.0.0' }], {}, '2.0.0', false],
    ['below a limit', [{ introduced: '0' }, { limit: '2.0.0' }], {}, '1.9.0', true],
    [
      'listed, outside the range',
      [{ introduced: '0' }, { fixed: '1.0.0' }],
      { versions: ['3.0.0'] },
      '3.0.0',
      true,
    ],
    ['only listed', [], { versions: ['3.0.0'] }, '3.0.0', true],
    ['not listed', [], { versions: ['3.0.0'] }, '3.0.1', false],
    [
      'commits say nothing',
      [],
      { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }], versions: ['9.0.0'] },
      '1.0.0',
      false,
    ],
  ])('%s', async (_, events, more, version, isAffected) => {
    const other = affects('npm', 'other', [{ introduced: '0' }])
    const record = osv({ id: 'GHSA-1', affected: [affects('npm', 'a', events, more), other] })
    expect(await matched([record], npm('a', version))).toHaveLength(isAffected ? 1 : 0)
  })

  test('a listed version counts by its meaning', async () => {
    const record = osv({
      id: 'PYSEC-1',
      affected: [affects('PyPI', 'a', [], { versions: ['1.0'] })],
    })
    expect(await matched([record], pypi('a', '1.0.0'))).toHaveLength(1)
  })

  test("Alpine's fix 0 means that it is not affected", async () => {
    const record = osv({
      id: 'ALPINE-CVE-2023-0001',
      affected: [
        affects('Alpine:v3.19', 'a', [{ introduced: '0' }, { fixed: '0' }]),
        affects('Alpine:v3.18', 'a', [{ introduced: '0' }, { fixed: '1.2-r1' }]),
      ],
    })
    const alpine = (release: string): MatchTarget => ({
      package: { kind: 'apk', name: 'a', version: '1.2-r0' },
      distribution: { id: 'alpine', release, idLike: [] },
    })
    expect(await matched([record], alpine('v3.19'))).toEqual([])
    expect(await matched([record], alpine('v3.18'))).toMatchObject([{ fixedVersion: '1.2-r1' }])
  })

  test('a version that cannot be read is reported as undetermined, not dropped', async () => {
    const range = [{ introduced: '1.0.0' }, { fixed: '2.0.0' }]
    const record = osv({ id: 'GHSA-1', affected: [affects('npm', 'a', range)] })
    expect(await matched([record], npm('a', 'latest'))).toMatchObject([
      { vulnerability: 'GHSA-1', isUndetermined: true, fixState: 'fixed', fixedVersion: '2.0.0' },
    ])
    expect((await matched([record], npm('a', '1.5.0')))[0]).not.toHaveProperty('isUndetermined')
    const broken = osv({ id: 'GHSA-2', affected: [affects('npm', 'a', [{ introduced: 'x' }])] })
    expect(await matched([broken], npm('a', '1.5.0'))).toMatchObject([{ isUndetermined: true }])
  })
})

describe('what is left out', () => {
  const unimportant = osv({
    id: 'DEBIAN-CVE-2010-0001',
    affected: [
      affects('Debian:11', 'a', [{ introduced: '0' }], {
        ecosystem_specific: { urgency: 'unimportant' },
      }),
    ],
  })

  test('what Debian calls unimportant, unless it is asked for', async () => {
    expect(await matched([unimportant], deb('a', '1'))).toEqual([])
    const found = await withAdvisories([unimportant], (database) => database.match(deb('a', '1')), {
      withUnimportant: true,
    })
    expect(found).toMatchObject([{ vulnerability: 'CVE-2010-0001', severity: 'negligible' }])
  })

  test('what was withdrawn', async () => {
    const range = [{ introduced: '0' }]
    const records = [
      osv({
        id: 'GHSA-1',
        withdrawn: '2024-01-01T00:00:00Z',
        affected: [affects('npm', 'a', range)],
      }),
      osv({ id: 'GHSA-2', affected: [affects('npm', 'a', range)] }),
    ]
    expect(names(await matched(records, npm('a', '1.0.0')))).toEqual(['GHSA-2'])
  })

  test('packages that the distribution did not make', async () => {
    const record = osv({
      id: 'DSA-1',
      affected: [affects('Debian:11', 'a', [{ introduced: '0' }])],
    })
    const target = deb('a', '1')
    expect(await matched([record], target)).toHaveLength(1)
    const isThirdParty = { ...target, package: { ...target.package, isThirdParty: true as const } }
    expect(await matched([record], isThirdParty)).toEqual([])
  })
})

test('malware is critical and keeps its own name', async () => {
  const record = osv({
    id: 'MAL-2024-1',
    aliases: ['GHSA-1', 'CVE-2024-0001'],
    affected: [affects('npm', 'a', [{ introduced: '0' }])],
  })
  expect(await matched([record], npm('a', '1.0.0'))).toMatchObject([
    { vulnerability: 'MAL-2024-1', isMalware: true, severity: 'critical' },
  ])
})

describe('how it is mended', () => {
  test('the lowest version above the installed one that no advisory counts as affected', async () => {
    const records = [
      osv({
        id: 'GHSA-1',
        aliases: ['CVE-2023-0001'],
        affected: [
          affects('npm', 'a', [
            { introduced: '0' },
            { fixed: '1.2.0' },
            { introduced: '2.0.0' },
            { fixed: '2.3.0' },
          ]),
        ],
      }),
      osv({
        id: 'GHSA-2',
        aliases: ['CVE-2023-0001'],
        affected: [affects('npm', 'a', [{ introduced: '0' }, { fixed: '1.2.5' }])],
      }),
    ]
    expect(await matched(records, npm('a', '1.0.0'))).toMatchObject([
      { fixState: 'fixed', fixedVersion: '1.2.5' },
    ])
    expect(await matched(records, npm('a', '2.0.0'))).toMatchObject([
      { fixState: 'fixed', fixedVersion: '2.3.0' },
    ])
  })

  test('a fix of an older branch only is none', async () => {
    const events = [{ introduced: '0' }, { fixed: '1.2.0' }, { introduced: '2.0.0' }]
    const record = osv({ id: 'GHSA-1', affected: [affects('npm', 'a', events)] })
    const [finding] = await matched([record], npm('a', '2.0.0'))
    expect(finding).toMatchObject({ fixState: 'notFixed' })
    expect(finding).not.toHaveProperty('fixedVersion')
  })

  test("a distribution's advisory comes out with its fix, a record of a CVE does not", async () => {
    const range = [{ introduced: '0' }, { fixed: '2' }]
    const published = '2023-02-07T00:00:00Z'
    const advisory = osv({
      id: 'DSA-1-1',
      published,
      upstream: ['CVE-2023-0001'],
      affected: [affects('Debian:11', 'a', range)],
    })
    expect(await matched([advisory], deb('a', '1'))).toMatchObject([
      { fixAvailableAt: '2023-02-07T00:00:00.000Z', published: '2023-02-07T00:00:00.000Z' },
    ])
    const ofCve = osv({ ...advisory, id: 'DEBIAN-CVE-2023-0001' })
    expect((await matched([ofCve], deb('a', '1')))[0]).not.toHaveProperty('fixAvailableAt')
  })
})

test('what people read of it', async () => {
  const record = osv({
    id: 'GHSA-1',
    published: '2023-01-01T00:00:00Z',
    summary: 'Something is wrong',
    details: 'x'.repeat(10_000),
    database_specific: { cwe_ids: ['CWE-79', 'nonsense'] },
    references: [
      { type: 'WEB', url: 'javascript:alert(1)' },
      { type: 'WEB', url: 'https://example.org/blog' },
      { type: 'ADVISORY', url: 'https://example.org/advisory' },
      ...Array.from({ length: 20 }, (_, index) => ({
        type: 'WEB',
        url: `https://example.org/${index}`,
      })),
    ],
    affected: [affects('npm', 'a', [{ introduced: '0' }])],
  })
  const [finding] = await matched([record], npm('a', '1.0.0'))
  expect(finding).toMatchObject({
    title: 'Something is wrong',
    cwes: ['CWE-79'],
    published: '2023-01-01T00:00:00.000Z',
    modified: '2024-05-01T00:00:00.000Z',
  })
  expect(finding?.description).toHaveLength(4000)
  expect(finding?.references).toHaveLength(10)
  expect(finding?.references.slice(0, 2)).toEqual([
    'https://example.org/advisory',
    'https://example.org/blog',
  ])
})

function deb(name: string, version: string): MatchTarget {
  return { package: { kind: 'deb', name, version }, distribution: debian11 }
}

function npm(name: string, version: string): MatchTarget {
  return { package: { kind: 'npm', name, version } }
}

function pypi(name: string, version: string): MatchTarget {
  return { package: { kind: 'pypi', name, version } }
}

function go(name: string, version: string): MatchTarget {
  return { package: { kind: 'golang', name, version } }
}

function matched(
  records: readonly Record<string, unknown>[],
  target: MatchTarget,
): Promise<readonly Finding[]> {
  return withAdvisories(records, (database) => database.match(target))
}

function names(findings: readonly Finding[]): string[] {
  return findings.map(({ vulnerability }) => vulnerability)
}
