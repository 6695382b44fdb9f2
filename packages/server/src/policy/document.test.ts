import { describe, expect, it } from 'vitest'
import { BerthError } from '../errors.ts'
import { parsePolicy } from './document.ts'

const whole = `# Nobody runs what is not ours.
apiVersion: berth/v1
rules:
  - name: prod-gate
    on: [pull, promotion]
    repositories: ["prod/**"]
    tags: ["v*"]
    platforms: [linux/amd64]
    maximumCvss: { score: 6.9, gracePeriod: 2d }
  - name: signed
    mode: warn
    signedBy: { identities: [release-2026] }
  - name: fresh
    whenUnscanned: wait
    scannedWithin: { age: 7d }
  - name: mended
    sla: { critical: 1d, high: 7d, medium: 30d, kev: 1d }
  - name: no-log4j
    deniedPackages:
      packages: [{ kind: maven, name: "org.apache.logging.log4j:log4j-core", below: 2.17.0 }]
  - name: no-root
    on: [push, pull]
    notRoot: true
  - name: small
    maximumSize: { size: 1.5GiB }
  - name: licensed
    licences: { deny: ["AGPL-*"] }
`

/** The faults, each as "line, column: text". */
function faultsOf(text: string): string[] {
  try {
    parsePolicy(text)
  } catch (error) {
    if (!(error instanceof BerthError)) throw error
    expect(error.kind).toBe('requestInvalid')
    return error.details.map(({ message }) => String(message))
  }
  return []
}

const rule = (body: string) => `apiVersion: berth/v1\nrules:\n  - name: a\n    ${body}\n`

describe('a policy document', () => {
  it('is read with its defaults, from YAML and from JSON', () => {
    const rules = parsePolicy(whole)
    expect(rules.map(({ name }) => name)).toEqual([
      'prod-gate',
      'signed',
      'fresh',
      'mended',
      'no-log4j',
      'no-root',
      'small',
      'licensed',
    ])
    expect(rules[1]).toMatchObject({
      on: ['pull'],
      mode: 'warn',
      whenUnscanned: 'block',
      signedBy: { threshold: 'any' },
    })
    const json = JSON.stringify({ apiVersion: 'berth/v1', rules: [{ name: 'a', notRoot: true }] })
    expect(parsePolicy(json)).toMatchObject([{ name: 'a', mode: 'enforce', notRoot: true }])
  })

  it.each([
    [
      'an unknown key',
      rule('maximumCvs: { score: 7 }'),
      'line 4, column 5: rules[0].maximumCvs is not known; did you mean maximumCvss?',
    ],
    [
      'an unknown key of a template',
      rule('maximumCvss: { score: 7, onlyFixible: true }'),
      'line 4, column 30: rules[0].maximumCvss.onlyFixible is not known; did you mean onlyFixable?',
    ],
    [
      'a score beyond ten',
      rule('maximumCvss: { score: 11 }'),
      'line 4, column 20: rules[0].maximumCvss.score must be at most 10',
    ],
    [
      'a score below nothing',
      rule('maximumCvss: { score: -1 }'),
      'line 4, column 20: rules[0].maximumCvss.score must be at least 0',
    ],
    [
      'a score that is no number',
      rule('maximumCvss: { score: .nan }'),
      'line 4, column 20: rules[0].maximumCvss.score must be a number',
    ],
    [
      'a text for a number',
      rule('maximumCvss: { score: high }'),
      'line 4, column 20: rules[0].maximumCvss.score must be a number',
    ],
    [
      'a time of nothing',
      rule('scannedWithin: { age: 0d }'),
      'line 4, column 22: rules[0].scannedWithin.age must be longer than nothing',
    ],
    [
      'a time of ten years',
      rule('scannedWithin: { age: 3650d }'),
      'line 4, column 22: rules[0].scannedWithin.age must be shorter than ten years (3650d)',
    ],
    [
      'a time that is none',
      rule('scannedWithin: { age: soon }'),
      'line 4, column 22: rules[0].scannedWithin.age must be a time such as 12h, 30d or 2w',
    ],
    [
      'a size of nothing',
      rule('maximumSize: { size: 0MB }'),
      'line 4, column 20: rules[0].maximumSize.size must be more than nothing',
    ],
    [
      'half a layer',
      rule('maximumLayers: { layers: 1.5 }'),
      'line 4, column 22: rules[0].maximumLayers.layers must be a whole number',
    ],
    ['no template', rule('mode: warn'), 'line 3, column 5: rules[0] must hold one template'],
    [
      'two templates',
      rule('notRoot: true\n    maximumLayers: { layers: 3 }'),
      'rules[0] must hold one template, not notRoot and maximumLayers',
    ],
    [
      'a scan at a push',
      rule('on: [push]\n    maximumCvss: { score: 7 }'),
      'line 4, column 5: rules[0].on cannot hold push for maximumCvss',
    ],
    [
      'a version without a kind',
      rule('deniedPackages: { packages: [{ name: a, below: "1" }] }'),
      'rules[0].deniedPackages.packages[0].kind is missing: versions can only',
    ],
    ['an empty sla', rule('sla: {}'), 'rules[0].sla must hold at least one of critical'],
    [
      'a glob that is none',
      rule('repositories: ["a[0]"]\n    notRoot: true'),
      'line 4, column 20: The pattern in rules[0].repositories[0] has a "["',
    ],
    [
      'a name twice',
      `${rule('notRoot: true')}  - name: a\n    notRoot: true\n`,
      'line 5, column 5: rules[1].name is used a second time: a',
    ],
    [
      'another version',
      'apiVersion: berth/v2\nrules: []\n',
      'line 1, column 1: apiVersion must be "berth/v1"',
    ],
    ['no document', '', 'must be a section with keys'],
    ['a list', '- a\n', 'line 1, column 1: the document must be a section with keys'],
    [
      'a key twice',
      rule('notRoot: true\n    notRoot: true'),
      'line 5, column 5: this key is set a second time',
    ],
    ['broken YAML', 'apiVersion: "berth\nrules: [', 'not valid YAML'],
    ['a tag', rule('notRoot: !!js/function "x"'), 'not valid YAML'],
    [
      'an anchor that is not there',
      rule('notRoot: *gone'),
      'line 4, column 14: refers to an anchor that is not set before it',
    ],
  ])('refuses %s with place and reason', (_, text, fault) => {
    const faults = faultsOf(text)
    expect(faults.join('\n')).toContain(fault)
    for (const each of faults) expect(each).toMatch(/^line \d+, column \d+: ./)
  })

  it('names every fault of a document, not only the first', () => {
    const faults = faultsOf('apiVersion: berth/v1\nrules:\n  - { name: A, notRoot: false, x: 1 }\n')
    expect(faults.length).toBeGreaterThanOrEqual(3)
  })

  it('stops at aliases that stand for millions of values', () => {
    const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (const [index, name] of 'bcdefghi'.split('').entries()) {
      const before = 'abcdefghi'[index]
      levels.push(
        `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`,
      )
    }
    expect(faultsOf(levels.join('\n')).join()).toContain('more than 20000 values or 12 levels')
  })

  it('reads an alias as the last value of its name before it', () => {
    const text = `apiVersion: berth/v1
rules:
  - { name: a, signedBy: { identities: &who [one] } }
  - { name: b, signedBy: { identities: *who } }
  - { name: c, signedBy: { identities: &who [two] } }
  - { name: d, signedBy: { identities: *who } }
`
    expect(parsePolicy(text).map(({ signedBy }) => signedBy?.identities)).toEqual([
      ['one'],
      ['one'],
      ['two'],
      ['two'],
    ])
  })

  it.each([
    ['aliases', '- &a x\n', '- *a\n'],
    ['items', '[', 'a,'],
    ['empty items', '[', ','],
    ['sections in a list', '[', '{},'],
    ['keys twice', '', 'a:\n'],
    ['lists', '', '-\n'],
    ['empty keys', '', ':\n'],
    ['anchors', '- ', '&a x\n- '],
    ['quotes', '', '"'],
    ['wrong escapes', '"', '\\x'],
    ['blocks', '', '- |\n'],
    ['tags', '', '!a '],
    ['lines', '', '\r\n'],
  ])('takes little time for a document full of %s', (_, start, part) => {
    const text = start + part.repeat(Math.floor((65_536 - start.length) / part.length))
    const before = process.cpuUsage()
    expect(faultsOf(text).length).toBeGreaterThan(0)
    const { user, system } = process.cpuUsage(before)
    // Of processor time, most of which is for what the parser compiles at its first use.
    expect((user + system) / 1000).toBeLessThan(1000)
  })

  it('stops at an alias that holds itself, at depth, and at length', () => {
    expect(faultsOf('a: &a\n  b: *a\n').length).toBeGreaterThan(0)
    expect(faultsOf('['.repeat(50_000)).length).toBeGreaterThan(0)
    expect(faultsOf(`${'[ '.repeat(40)}${']'.repeat(40)}`).join()).toContain('nested too deeply')
    expect(faultsOf(`# ${'x'.repeat(70_000)}\n${whole}`).join()).toContain('longer than 65536')
  })

  it('takes no key of an object for one of its own', () => {
    expect(faultsOf('apiVersion: berth/v1\nrules: []\n__proto__: { x: 1 }\n').join()).toContain(
      '__proto__ is not known',
    )
  })
})
