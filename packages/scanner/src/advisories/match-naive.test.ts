import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareVersions, InvalidVersion, type VersionScheme } from '../versions/compare.ts'
import type { MatchTarget } from './database.ts'
import { withAdvisories } from './testing/osv-files.ts'

type Event = Record<string, string>
type Entry = {
  package: { ecosystem: string; name: string }
  ranges: { type: string; events: Event[] }[]
  versions: string[]
}
type Record_ = {
  id: string
  aliases?: string[]
  upstream?: string[]
  withdrawn?: string
  modified: string
  affected: Entry[]
}

const worlds = [
  { ecosystem: 'Debian:11', kind: 'deb', scheme: 'deb', distribution: 'debian', release: '11' },
  { ecosystem: 'Debian:12', kind: 'deb', scheme: 'deb', distribution: 'debian', release: '12' },
  {
    ecosystem: 'Alpine:v3.19',
    kind: 'apk',
    scheme: 'apk',
    distribution: 'alpine',
    release: 'v3.19',
  },
  { ecosystem: 'npm', kind: 'npm', scheme: 'npm', distribution: undefined, release: '' },
  { ecosystem: 'PyPI', kind: 'pypi', scheme: 'pep440', distribution: undefined, release: '' },
] as const

/** Readable in every scheme above, in this order. */
const versions = ['0.9.0', '1.0.0', '1.1.0', '1.2.0', '1.10.0', '2.0.0', '2.1.3', '3.0.0']
const version = fc.constantFrom(...versions)
const name = fc.constantFrom('a', 'b', 'c')

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ introduced: fc.constantFrom('0', ...versions) }) },
  { weight: 3, arbitrary: fc.record({ fixed: fc.constantFrom('0', ...versions) }) },
  { weight: 1, arbitrary: fc.record({ last_affected: version }) },
)
const range = fc.record({
  type: fc.constantFrom('ECOSYSTEM', 'ECOSYSTEM', 'SEMVER', 'GIT'),
  events: fc.array(event, { maxLength: 6 }),
})
const entry: fc.Arbitrary<Entry> = fc.record({
  package: fc.record({
    ecosystem: fc.constantFrom(...worlds.map(({ ecosystem }) => ecosystem)),
    name,
  }),
  ranges: fc.array(range, { maxLength: 3 }),
  versions: fc.array(version, { maxLength: 2 }),
})
const cves = fc.array(fc.constantFrom('CVE-2023-0001', 'CVE-2023-0002', 'CVE-2023-0003'), {
  maxLength: 2,
})
const record: fc.Arbitrary<Record_> = fc.record(
  {
    id: fc.integer({ min: 1, max: 30 }).map((number) => `DSA-${number}-1`),
    aliases: cves,
    upstream: cves,
    withdrawn: fc.constant('2024-01-01T00:00:00Z'),
    modified: fc.constant('2024-01-01T00:00:00Z'),
    affected: fc.array(entry, { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ['id', 'modified', 'affected'] },
)
const installed = fc.record({
  world: fc.constantFrom(...worlds),
  name,
  version: fc.oneof({ weight: 9, arbitrary: version }, fc.constant('what is this')),
})

test('matching finds what a walk over all records finds, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 25 }),
      fc.array(installed, { minLength: 1, maxLength: 20 }),
      async (records, packages) => {
        // An import without any record that can be used fails, rightly.
        const usable = { ...anchor(), affected: [anchorEntry()] }
        await withAdvisories([...records, usable], (database) => {
          for (const one of packages) {
            const found = database
              .match(targetOf(one))
              .map(({ vulnerability, isUndetermined }) => [vulnerability, isUndetermined === true])
            expect(Object.fromEntries(found)).toEqual(walk(records, one))
            expect(found).toHaveLength(Object.keys(walk(records, one)).length)
          }
        })
      },
    ),
    { numRuns: 60 },
  )
}, 120_000)

type Installed = { world: (typeof worlds)[number]; name: string; version: string }

function targetOf({ world, name, version }: Installed): MatchTarget {
  const { distribution, release, kind } = world
  return {
    package: { kind, name, version },
    ...(distribution !== undefined && { distribution: { id: distribution, release, idLike: [] } }),
  }
}

/** Vulnerability to whether it is undetermined. */
function walk(records: readonly Record_[], one: Installed): { [vulnerability: string]: boolean } {
  const found: { [vulnerability: string]: boolean } = {}
  for (const record of records) {
    if (record.withdrawn !== undefined) continue
    for (const entry of record.affected) {
      if (entry.package.ecosystem !== one.world.ecosystem || entry.package.name !== one.name)
        continue
      const verdict = evaluate(entry, one)
      if (verdict === 'no') continue
      const named = [...(record.aliases ?? []), ...(record.upstream ?? [])]
      for (const vulnerability of named.length > 0 ? named : [record.id]) {
        found[vulnerability] = (found[vulnerability] ?? true) && verdict === 'perhaps'
      }
    }
  }
  return found
}

/** https://ossf.github.io/osv-schema/#evaluation, step by step. */
function evaluate(entry: Entry, one: Installed): 'yes' | 'no' | 'perhaps' {
  const { scheme } = one.world
  if (entry.versions.some((version) => isEqual(scheme, version, one.version))) return 'yes'
  let verdict: 'no' | 'perhaps' = 'no'
  for (const { type, events } of entry.ranges) {
    if (type === 'GIT') continue
    try {
      if (isVulnerable(scheme, one.version, events)) return 'yes'
    } catch (error) {
      if (!(error instanceof InvalidVersion)) throw error
      // Whatever the version is: is there one that is affected, or one that is not?
      const verdicts = ['0.0.1', ...versions, '4.0.0'].map((version) =>
        isVulnerable(scheme, version, events),
      )
      if (verdicts.every(Boolean)) return 'yes'
      if (verdicts.some(Boolean)) verdict = 'perhaps'
    }
  }
  return verdict
}

function isVulnerable(scheme: VersionScheme, version: string, events: readonly Event[]): boolean {
  let isIn = false
  // Both at one version: what begins there is mended there.
  const ordered = events.toSorted((a, b) => order(scheme, bound(a), bound(b)) || kind(a) - kind(b))
  for (const { introduced, fixed, last_affected: last } of ordered) {
    if (introduced !== undefined && order(scheme, version, introduced) >= 0) isIn = true
    if (fixed !== undefined && order(scheme, version, fixed) >= 0) isIn = false
    if (last !== undefined && order(scheme, version, last) > 0) isIn = false
  }
  return isIn
}

function bound(event: Event): string {
  return Object.values(event)[0] ?? ''
}

function kind(event: Event): number {
  return ['introduced', 'last_affected', 'fixed'].indexOf(Object.keys(event)[0] ?? '')
}

function order(scheme: VersionScheme, a: string, b: string): number {
  if (a === '0' || b === '0') return Number(a !== '0') - Number(b !== '0')
  return compareVersions(scheme, a, b)
}

function isEqual(scheme: VersionScheme, a: string, b: string): boolean {
  if (a === b) return true
  try {
    return compareVersions(scheme, a, b) === 0
  } catch {
    return false
  }
}

function anchor(): Omit<Record_, 'affected'> {
  return { id: 'DSA-99-1', modified: '2024-01-01T00:00:00Z' }
}

function anchorEntry(): Entry {
  const events = [{ introduced: '0' }]
  return {
    package: { ecosystem: 'npm', name: 'z' },
    ranges: [{ type: 'SEMVER', events }],
    versions: [],
  }
}
