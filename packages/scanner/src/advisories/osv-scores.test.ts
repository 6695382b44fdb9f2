import { expect, test } from 'vitest'
import type { MatchTarget } from './database.ts'
import { affects, osv, withAdvisories } from './testing/osv-files.ts'

const high = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H'
const critical = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'
const range = [{ introduced: '0' }, { fixed: '2.0.0' }]
const npm: MatchTarget = { package: { kind: 'npm', name: 'a', version: '1.0.0' } }
const deb: MatchTarget = {
  package: { kind: 'deb', name: 'a', version: '1.0.0' },
  distribution: { id: 'debian', release: '11', idLike: [] },
}
const alma: MatchTarget = {
  package: { kind: 'rpm', name: 'a', version: '1.0.0' },
  distribution: { id: 'almalinux', release: '9', idLike: [] },
}
const ubuntu: MatchTarget = {
  package: { kind: 'deb', name: 'a', version: '1.0.0' },
  distribution: { id: 'ubuntu', release: '22.04', idLike: [] },
}

test.each<[string, Record<string, unknown>, string, MatchTarget, object]>([
  [
    'a vector',
    { id: 'GHSA-1', severity: [{ type: 'CVSS_V3', score: critical }] },
    'npm',
    npm,
    {
      severity: 'critical',
      score: 9.8,
      scores: [{ source: 'ghsa', version: '3.1', vector: critical, score: 9.8 }],
    },
  ],
  [
    'a vector of an entry',
    {
      id: 'GHSA-1',
      affected: [affects('npm', 'a', range, { severity: [{ type: 'CVSS_V3', score: high }] })],
    },
    'npm',
    npm,
    { severity: 'high', score: 7.5 },
  ],
  [
    'a word only: the floor of its band',
    { id: 'GHSA-1', database_specific: { severity: 'MODERATE' } },
    'npm',
    npm,
    { severity: 'medium', score: 4, scores: [{ source: 'ghsa', score: 4, isEstimated: true }] },
  ],
  [
    'a broken vector and a word',
    {
      id: 'GHSA-1',
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }],
      database_specific: { severity: 'HIGH' },
    },
    'npm',
    npm,
    { severity: 'high', score: 7 },
  ],
  [
    "Debian's copy of NVD's vector",
    { id: 'DEBIAN-CVE-2023-0001', severity: [{ type: 'CVSS_V3', score: high }] },
    'Debian:11',
    deb,
    { score: 7.5, scores: [{ source: 'nvd' }] },
  ],
  [
    "Ubuntu's word beside a vector that says whose it is",
    {
      id: 'UBUNTU-CVE-2023-0001',
      severity: [
        { type: 'CVSS_V3', score: high, source: 'NVD' },
        { type: 'Ubuntu', score: 'low' },
      ],
    },
    'Ubuntu:22.04:LTS',
    ubuntu,
    {
      scores: expect.arrayContaining([
        expect.objectContaining({ source: 'nvd', score: 7.5 }),
        { source: 'ubuntu', score: 0.1, isEstimated: true },
      ]) as unknown,
    },
  ],
  [
    'the word in the title of an erratum',
    { id: 'ALSA-2023:1', summary: 'Important: a security update' },
    'AlmaLinux:9',
    alma,
    { severity: 'high', score: 7, scores: [{ source: 'almalinux', isEstimated: true }] },
  ],
  ['nothing', { id: 'DSA-1-1' }, 'Debian:11', deb, { severity: 'unknown', score: 0, scores: [] }],
])('%s', async (_, fields, ecosystem, target, expected) => {
  const record = osv({ affected: [affects(ecosystem, 'a', range)], ...fields })
  await withAdvisories([record], (database) => {
    expect(database.match(target)).toMatchObject([expected])
  })
})

test("Debian's urgency counts for the package it is said of", async () => {
  const entry = (name: string, urgency: string): Record<string, unknown> =>
    affects('Debian:11', name, range, { ecosystem_specific: { urgency } })
  const record = osv({
    id: 'DEBIAN-CVE-2023-0001',
    affected: [entry('a', 'low'), entry('b', 'high'), entry('c', 'not yet assigned')],
  })
  await withAdvisories([record], (database) => {
    const severities = ['a', 'b', 'c'].map((name) =>
      database.match({ ...deb, package: { ...deb.package, name } }).map(({ severity }) => severity),
    )
    expect(severities).toEqual([['low'], ['high'], ['unknown']])
  })
})

test("GitHub's score counts for what others publish of the same CVE", async () => {
  const records = [
    osv({
      id: 'GO-1',
      aliases: ['CVE-2023-0001'],
      affected: [affects('Go', 'example.org/a', range)],
    }),
    osv({
      id: 'GHSA-1',
      aliases: ['CVE-2023-0001'],
      severity: [{ type: 'CVSS_V3', score: critical }],
      affected: [affects('npm', 'other', range)],
    }),
  ]
  await withAdvisories(records, (database) => {
    const subject = { kind: 'golang', name: 'example.org/a', version: 'v1.0.0' } as const
    expect(database.match({ package: subject })).toMatchObject([
      {
        severity: 'critical',
        scores: [{ source: 'ghsa', score: 9.8 }],
        advisories: [{ id: 'GO-1' }],
      },
    ])
  })
})
