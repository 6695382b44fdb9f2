import type { PolicyRule } from '@berth/api/policy-document.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from './document.ts'
import { evaluate } from './evaluate.ts'
import type { Facts, FindingFacts, ImageFacts } from './facts.ts'
import { messageOf } from './message.ts'
import type { Exception, PlacedRule } from './rules.ts'

const day = 86_400_000
const now = Date.parse('2026-06-01T00:00:00Z')
const at = (days: number) => new Date(now + days * day).toISOString()

const finding = (more: Partial<FindingFacts> = {}): FindingFacts => ({
  vulnerability: 'CVE-2026-1',
  package: 'deb:openssl',
  version: '3.0.11-1',
  severity: 'critical',
  score: 9.8,
  fixedVersion: '3.0.13-1',
  fixAvailableAt: at(-20),
  knownExploited: undefined,
  firstSeenAt: at(-10),
  ...more,
})

const image = (more: Partial<ImageFacts> = {}): ImageFacts => ({
  digest: 'sha256:a',
  isImage: true,
  platform: 'linux/amd64',
  size: 100,
  layers: 3,
  config: {
    unreadable: undefined,
    user: 'app',
    createdAt: at(-30),
    labels: {},
    baseName: undefined,
  },
  scan: {
    state: 'catalogued',
    reason: undefined,
    matchedAt: at(-2),
    dataBuiltAt: at(-3),
    dataRevision: 4,
  },
  findings: [finding()],
  packages: [],
  ...more,
})

const facts = (images: readonly ImageFacts[], more: Partial<Facts> = {}): Facts => ({
  digest: images[0]?.digest ?? 'sha256:a',
  kind: 'image',
  tags: [],
  parents: [],
  images,
  signatures: [],
  sboms: [],
  statements: [],
  unjudged: undefined,
  isNested: false,
  ...more,
})

function rulesOf(text: string, project = 'acme'): PlacedRule[] {
  const rules = parsePolicy(`apiVersion: berth/v1\nrules:\n${text}`)
  return rules.map((rule: PolicyRule) => ({ project, version: 1, rule }))
}

function judge(
  rules: readonly PlacedRule[],
  given: Facts,
  exceptions: readonly Exception[] = [],
  moment = now,
) {
  return evaluate(given, rules, exceptions, { now: moment, stage: 'pull' })
}

const exception = (more: Partial<Exception>): Exception => ({
  id: 'e1',
  project: 'acme',
  rule: '',
  vulnerability: '',
  package: '',
  author: 'someone',
  reason: 'because',
  endsAt: at(3),
  ...more,
})

const cvss = rulesOf('  - { name: gate, maximumCvss: { score: 6.9 } }')

describe('maximumCvss', () => {
  it('names the worst with its fix, and how many more', () => {
    const many = ['CVE-2026-2', 'CVE-2026-3'].map((vulnerability) =>
      finding({ vulnerability, score: 7 }),
    )
    const given = facts([
      image({
        findings: [...many, finding(), finding({ vulnerability: 'CVE-2026-9', score: 6.9 })],
      }),
    ])
    const { decision, violations } = judge(cvss, given)
    expect(decision).toBe('deny')
    expect(violations).toHaveLength(3)
    expect(messageOf(violations, 'enforce', given)).toBe(
      'blocked by Berth policy "gate": CVE-2026-1 CVSS 9.8 in openssl 3.0.11-1 (fixed in 3.0.13-1), +2 more. Scan 2026-05-30, advisories of 2026-05-29.',
    )
  })

  it('takes the floor of the word where there is no number, and leaves out what has no fix when told so', () => {
    const unscored = facts([image({ findings: [finding({ score: 0, severity: 'high' })] })])
    expect(judge(cvss, unscored).violations[0]).toMatchObject({ score: 7 })
    const fixable = rulesOf('  - { name: a, maximumCvss: { score: 0, onlyFixable: true } }')
    const unfixed = facts([image({ findings: [finding({ fixedVersion: undefined })] })])
    expect(judge(fixable, unfixed).decision).toBe('allow')
  })

  it('lets a new finding pass for the time of grace, and says until when', () => {
    const rules = rulesOf('  - { name: a, maximumCvss: { score: 5, gracePeriod: 14d } }')
    const given = facts([image()])
    const early = judge(rules, given)
    expect(early).toMatchObject({ decision: 'allow', validUntil: now + 4 * day })
    expect(judge(rules, given, [], now + 4 * day).decision).toBe('deny')
  })

  it('a statement suppresses and stays visible; the latest counts, and one from below only where it may', () => {
    const statement = {
      id: 's1',
      project: 'acme',
      imageDigest: '',
      vulnerability: 'CVE-2026-1',
      package: 'deb:openssl',
      status: 'not_affected',
      author: 'dev',
      reason: 'not in the path',
      createdAt: at(-1),
    } as const
    const given = facts([image()], { statements: [statement] })
    const answered = judge(cvss, given)
    expect(answered).toMatchObject({
      decision: 'allow',
      suppressed: [{ by: 'vex', id: 's1', author: 'dev', rule: 'gate' }],
    })
    const later = { ...statement, id: 's2', status: 'affected', createdAt: at(0) } as const
    expect(judge(cvss, facts([image()], { statements: [later, statement] })).decision).toBe('deny')
    const below = facts([image()], { statements: [{ ...statement, project: 'acme/team' }] })
    expect(judge(cvss, below).decision).toBe('deny')
    const all = rulesOf('  - { name: a, maximumCvss: { score: 5, vex: all } }')
    expect(judge(all, below).decision).toBe('allow')
    const none = rulesOf('  - { name: a, maximumCvss: { score: 5, vex: none } }')
    expect(judge(none, given).decision).toBe('deny')
    const elsewhere = { ...statement, package: 'deb:openssl@9' }
    expect(judge(cvss, facts([image()], { statements: [elsewhere] })).decision).toBe('deny')
  })
})

describe('sla', () => {
  const rules = rulesOf('  - { name: mended, sla: { critical: 7d, low: 30d, kev: 1d } }')

  it('counts from the later of discovery and fix, and statements do not stop it', () => {
    const seen = facts([
      image({ findings: [finding({ firstSeenAt: at(-6), fixAvailableAt: at(-20) })] }),
    ])
    expect(judge(rules, seen)).toMatchObject({ decision: 'allow', validUntil: now + day })
    const statements = [
      {
        id: 's1',
        project: '',
        imageDigest: '',
        vulnerability: 'CVE-2026-1',
        package: '',
        status: 'fixed',
        author: 'dev',
        reason: '',
        createdAt: at(-1),
      } as const,
    ]
    const due = judge(rules, { ...seen, statements }, [], now + day)
    expect(due).toMatchObject({ decision: 'deny', violations: [{ due: at(1) }] })
  })

  it('takes the shorter time for what is exploited', () => {
    const known = finding({
      severity: 'low',
      score: 2,
      firstSeenAt: at(-2),
      knownExploited: '2026-05-01',
    })
    expect(judge(rules, facts([image({ findings: [known] })])).violations[0]?.phrase).toContain(
      'known to be exploited',
    )
  })
})

describe('an image that was not scanned', () => {
  const waiting = image({
    scan: { ...image().scan, state: 'waiting', matchedAt: undefined },
    findings: [],
  })

  it.each([
    ['block', 'deny', false],
    ['allow', 'allow', undefined],
    ['wait', 'deny', true],
  ])('whenUnscanned %s: %s', (choice, decision, isPending) => {
    const rules = rulesOf(`  - { name: a, whenUnscanned: ${choice}, maximumCvss: { score: 5 } }`)
    const found = judge(rules, facts([waiting]))
    expect(found.decision).toBe(decision)
    expect(found.violations[0]?.isPending).toBe(isPending)
  })

  it('without any advisories is not clean', () => {
    const blind = image({ scan: { ...image().scan, dataRevision: 0 }, findings: [] })
    expect(judge(cvss, facts([blind])).violations[0]?.found).toContain('there are none')
  })
})

describe('signedBy', () => {
  const rules = rulesOf('  - { name: a, signedBy: { identities: [release] } }', '')
  const signature = {
    identity: 'release',
    projects: [''],
    what: 'signature',
    predicateType: '',
    on: 'sha256:a',
  } as const

  it('counts on the image and on an index that holds it', () => {
    expect(judge(rules, facts([image()], { signatures: [signature] })).decision).toBe('allow')
    const onIndex = { ...signature, on: 'sha256:index' }
    expect(judge(rules, facts([image()], { signatures: [onIndex] })).decision).toBe('deny')
    const held = facts([image()], { signatures: [onIndex], parents: ['sha256:index'] })
    expect(judge(rules, held).decision).toBe('allow')
  })

  it('an identity that a project below has made up, or taken the name of, does not count', () => {
    for (const projects of [['acme'], ['', 'acme'], []]) {
      const own = { ...signature, projects }
      expect(judge(rules, facts([image()], { signatures: [own] })).decision).toBe('deny')
    }
  })
})

describe('packages and licences', () => {
  it('denies by name and version, and counts a version that cannot be compared', () => {
    const rules = rulesOf(
      '  - { name: a, deniedPackages: { packages: [{ kind: npm, name: "left-*", below: 2.0.0 }] } }',
    )
    const with_ = (version: string) =>
      facts([image({ packages: [{ kind: 'npm', name: 'left-pad', version, licences: [] }] })])
    expect(judge(rules, with_('1.9.0')).decision).toBe('deny')
    expect(judge(rules, with_('2.0.0')).decision).toBe('allow')
    expect(judge(rules, with_('no version')).decision).toBe('deny')
  })

  it.each([
    ['MIT', 'allow'],
    ['AGPL-3.0-only', 'deny'],
    ['MIT OR AGPL-3.0-only', 'allow'],
    ['MIT AND AGPL-3.0-only', 'deny'],
    ['(MIT OR AGPL-3.0-only) AND AGPL-1.0', 'deny'],
    ['MIT AND (', 'allow'],
  ])('licence %s: %s', (licence, decision) => {
    const rules = rulesOf('  - { name: a, licences: { deny: ["AGPL-*"] } }')
    const one = { kind: 'deb', name: 'x', version: '1', licences: [licence] } as const
    expect(judge(rules, facts([image({ packages: [one] })])).decision).toBe(decision)
  })
})

const arbitraryFinding = fc.record({
  vulnerability: fc.constantFrom('CVE-2026-1', 'CVE-2026-2', 'CVE-2026-3'),
  package: fc.constantFrom('deb:openssl', 'npm:left-pad'),
  version: fc.constantFrom('1', '2'),
  severity: fc.constantFrom('critical', 'high', 'medium', 'low', 'unknown'),
  score: fc.integer({ min: 0, max: 100 }).map((tenths) => tenths / 10),
  fixedVersion: fc.option(fc.constant('3'), { nil: undefined }),
  fixAvailableAt: fc.option(fc.integer({ min: -60, max: 5 }).map(at), { nil: undefined }),
  knownExploited: fc.option(fc.constant('2026-01-01'), { nil: undefined }),
  firstSeenAt: fc.option(fc.integer({ min: -60, max: 0 }).map(at), { nil: undefined }),
}) satisfies fc.Arbitrary<FindingFacts>

const arbitraryFacts = fc
  .record({
    findings: fc.array(arbitraryFinding, { maxLength: 6 }),
    state: fc.constantFrom('catalogued' as const, 'waiting' as const, 'failed' as const),
    matched: fc.integer({ min: -30, max: 0 }),
    created: fc.integer({ min: -400, max: 0 }),
    user: fc.constantFrom('', 'root', '0', '1000'),
    layers: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ findings, state, matched, created, user, layers }) =>
    facts([
      image({
        findings,
        layers,
        scan: { ...image().scan, state, matchedAt: at(matched), dataBuiltAt: at(matched - 1) },
        config: { ...image().config, user, createdAt: at(created) },
      }),
    ]),
  )

const pool = rulesOf(`  - { name: a, maximumCvss: { score: 4, gracePeriod: 20d } }
  - { name: b, mode: warn, sla: { critical: 1d, high: 7d, medium: 30d, kev: 1d } }
  - { name: c, scannedWithin: { age: 7d } }
  - { name: d, mode: audit, maximumAge: { age: 90d } }
  - { name: e, notRoot: true }
  - { name: f, whenUnscanned: allow, maximumDataAge: { age: 10d } }
  - { name: g, mode: warn, maximumLayers: { layers: 10 } }
`)
const arbitraryRules = fc.subarray(pool)
const arbitraryExceptions = fc.array(
  fc.record({
    id: fc.uuid(),
    project: fc.constantFrom('', 'acme', 'acme/team'),
    rule: fc.constantFrom('', 'a', 'b', 'e'),
    vulnerability: fc.constantFrom('', 'CVE-2026-1', 'CVE-2026-2'),
    package: fc.constantFrom('', 'deb:openssl', 'left-pad'),
    author: fc.constant('x'),
    reason: fc.constant('y'),
    endsAt: fc.integer({ min: -5, max: 40 }).map(at),
  }),
  { maxLength: 4 },
)
const severity = { allow: 0, warn: 1, deny: 2 } as const

describe('evaluate, whatever the facts', () => {
  it('answers the same until the moment that it names', () => {
    fc.assert(
      fc.property(
        arbitraryFacts,
        arbitraryRules,
        arbitraryExceptions,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (given, rules, exceptions, share) => {
          const first = judge(rules, given, exceptions)
          const end = first.validUntil ?? now + 5000 * day
          const later = judge(
            rules,
            given,
            exceptions,
            Math.min(Math.floor(now + (end - now) * share), end - 1),
          )
          expect(later.decision).toBe(first.decision)
          expect(later.violations).toEqual(first.violations)
          expect(later.suppressed).toEqual(first.suppressed)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('a further rule never opens, in whatever order, and an exception never closes', () => {
    fc.assert(
      fc.property(
        arbitraryFacts,
        arbitraryRules,
        arbitraryExceptions,
        (given, rules, exceptions) => {
          const some = judge(rules, given, exceptions)
          const all = judge(pool, given, exceptions)
          expect(severity[all.decision]).toBeGreaterThanOrEqual(severity[some.decision])
          expect(judge(rules.toReversed(), given, exceptions).decision).toBe(some.decision)
          const strict = judge(rules, given)
          expect(severity[strict.decision]).toBeGreaterThanOrEqual(severity[some.decision])
          expect(some.violations.length + some.suppressed.length).toBeGreaterThanOrEqual(
            Math.min(1, strict.violations.length),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  it('says why in ASCII below a kilobyte whenever it blocks', () => {
    fc.assert(
      fc.property(arbitraryFacts, arbitraryRules, (given, rules) => {
        const { decision, violations } = judge(rules, given)
        const message = messageOf(violations, 'enforce', given)
        expect(message !== '').toBe(decision === 'deny')
        expect(message).toMatch(/^[\x20-\x7e]{0,700}$/)
      }),
    )
  })

  it('an exception of a project below does not touch a rule of one above', () => {
    const given = facts([image({ config: { ...image().config, user: 'root' } })])
    const rules = rulesOf('  - { name: e, notRoot: true }', '')
    expect(judge(rules, given, [exception({ rule: 'e' })]).decision).toBe('deny')
    const granted = judge(rules, given, [exception({ rule: 'e', project: '' })])
    expect(granted).toMatchObject({ decision: 'allow', validUntil: now + 3 * day })
  })
})
