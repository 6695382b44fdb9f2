import { describe, expect, test } from 'vitest'
import { openssl, opensslFinding } from '../reports/testing/sample-report.ts'
import { applyVex, type JudgedProduct } from './apply-vex.ts'
import type { VexProduct, VexStatement } from './vex-statement.ts'

const digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const product: JudgedProduct = { digests: [digest], repository: 'berth.example/team/app' }
const libssl = 'pkg:deb/debian/libssl3'

function say(rest: Partial<VexStatement>): VexStatement {
  return {
    vulnerability: opensslFinding.vulnerability,
    aliases: [],
    products: [{ digest, subcomponents: [] }],
    status: 'not_affected',
    justification: 'vulnerable_code_not_present',
    author: 'security@example.org',
    timestamp: '2026-01-01T00:00:00.000Z',
    source: 'openvex',
    ...rest,
  }
}

const isSuppressed = (...statements: VexStatement[]) =>
  applyVex([opensslFinding], statements, product).suppressed.length === 1

describe('applyVex', () => {
  test('what was judged away stays visible, with who said so; the others stay as they are', () => {
    const stays = { ...opensslFinding, vulnerability: 'CVE-2000-1', aliases: [], advisories: [] }
    const result = applyVex(
      [opensslFinding, stays],
      [say({ statement: 'Built without it.' })],
      product,
    )
    expect(result.findings).toEqual([stays])
    expect(result.suppressed).toEqual([
      {
        ...opensslFinding,
        vex: {
          status: 'not_affected',
          justification: 'vulnerable_code_not_present',
          statement: 'Built without it.',
          author: 'security@example.org',
          at: '2026-01-01T00:00:00.000Z',
          source: 'openvex',
        },
      },
    ])
    // The fix is still open: a statement mends nothing.
    expect(result.suppressed[0]?.fixState).toBe(opensslFinding.fixState)
  })

  test.each([
    ['not_affected', true],
    ['fixed', true],
    ['affected', false],
    ['under_investigation', false],
  ] as const)('%s suppresses: %s', (status, suppresses) => {
    expect(isSuppressed(say({ status }))).toBe(suppresses)
  })

  test('the latest statement counts, in whichever order they come', () => {
    const early = say({})
    const late = say({ status: 'affected', timestamp: '2026-01-01T00:00:00.001Z' })
    expect(isSuppressed(early, late)).toBe(false)
    expect(isSuppressed(late, early)).toBe(false)
    expect(isSuppressed(say({ timestamp: '2026-01-02T01:00:00+02:00' }), late)).toBe(true)
  })

  test('of two at one moment the later in the list counts', () => {
    expect(isSuppressed(say({}), say({ status: 'affected' }))).toBe(false)
    expect(isSuppressed(say({ status: 'affected' }), say({}))).toBe(true)
  })

  test('a later statement by an alias overrides as well', () => {
    const byAlias = say({
      vulnerability: 'GHSA-aaaa-bbbb-cccc',
      status: 'under_investigation',
      timestamp: '2026-02-01T00:00:00Z',
    })
    expect(isSuppressed(say({}), byAlias)).toBe(false)
    expect(isSuppressed(say({ vulnerability: 'DSA-5000-1' }))).toBe(true)
    expect(isSuppressed(say({ vulnerability: 'X-1', aliases: ['CVE-2023-5678'] }))).toBe(true)
    expect(isSuppressed(say({ vulnerability: 'CVE-2023-567' }))).toBe(false)
  })

  test.each<[string, VexProduct, boolean]>([
    ['the image by digest', { digest, subcomponents: [] }, true],
    ['another image', { digest: other, subcomponents: [] }, false],
    ['the image by package URL', { purl: `pkg:oci/app@${digest}`, subcomponents: [] }, true],
    [
      'its escaped form',
      { purl: `pkg:oci/x@${encodeURIComponent(digest)}`, subcomponents: [] },
      true,
    ],
    [
      'another digest',
      { purl: `pkg:oci/app@${other}?repository_url=berth.example/team/app`, subcomponents: [] },
      false,
    ],
    [
      'all of its versions',
      { purl: 'pkg:oci/app?repository_url=Berth.example%2Fteam%2Fapp', subcomponents: [] },
      true,
    ],
    [
      'another repository',
      { purl: 'pkg:oci/app?repository_url=berth.example/app', subcomponents: [] },
      false,
    ],
    ['any image of the name', { purl: 'pkg:oci/app', subcomponents: [] }, false],
    ['a package of the image', { digest, subcomponents: [libssl] }, true],
    ['another package of the image', { digest, subcomponents: ['pkg:deb/debian/zlib1g'] }, false],
    ['the package of another image', { digest: other, subcomponents: [libssl] }, false],
    ['the package wherever it is', { purl: libssl, subcomponents: [] }, true],
    [
      'the package at its version',
      { purl: `${libssl}@${openssl.version}?arch=amd64`, subcomponents: [] },
      true,
    ],
    ['another version', { purl: `${libssl}@3.0.0`, subcomponents: [] }, false],
    ['another architecture', { purl: `${libssl}?arch=arm64`, subcomponents: [] }, false],
    ['another distribution', { purl: 'pkg:deb/ubuntu/libssl3', subcomponents: [] }, false],
    ['a part of the package', { purl: libssl, subcomponents: ['pkg:npm/x'] }, false],
  ])('is about %s', (_, said, suppresses) => {
    expect(isSuppressed(say({ products: [said] }))).toBe(suppresses)
  })
})
