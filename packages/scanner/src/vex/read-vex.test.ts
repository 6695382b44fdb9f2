import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Unreadable } from '../detector.ts'
import { writeCycloneDx } from '../reports/cyclonedx.ts'
import { sampleReport } from '../reports/testing/sample-report.ts'
import { readVex } from './read-vex.ts'
import type { VexStatement } from './vex-statement.ts'
import { writeOpenVex } from './write-openvex.ts'

const read = (value: unknown) => readVex(Buffer.from(JSON.stringify(value)))
const digest = `sha256:${'a'.repeat(64)}`
const image = `pkg:oci/app@${digest}?repository_url=berth.example/team/app`

const openVex = (statements: unknown[], rest: object = {}) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://openvex.dev/docs/example/vex-1',
  author: 'security@example.org',
  timestamp: '2026-01-08T18:02:03.647787998-06:00',
  version: 1,
  statements,
  ...rest,
})
const statement = {
  vulnerability: { name: 'CVE-2023-1', aliases: ['GHSA-x'] },
  products: [{ '@id': image, subcomponents: [{ '@id': 'pkg:npm/lodash@4.17.20' }] }],
  status: 'not_affected',
  justification: 'vulnerable_code_not_in_execute_path',
  impact_statement: 'Not called.',
}

describe('readVex: OpenVEX', () => {
  test('reads a statement with the time of its document', () => {
    expect(read(openVex([statement]))).toEqual([
      {
        vulnerability: 'CVE-2023-1',
        aliases: ['GHSA-x'],
        products: [{ purl: image, subcomponents: ['pkg:npm/lodash@4.17.20'] }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_in_execute_path',
        statement: 'Not called.',
        author: 'security@example.org',
        timestamp: '2026-01-09T00:02:03.647Z',
        source: 'openvex',
      },
    ])
  })

  test.each([
    [{ '@id': 'x', identifiers: { purl: 'pkg:npm/a@1' } }, { purl: 'pkg:npm/a@1' }],
    [{ '@id': 'x', hashes: { 'sha-256': 'A'.repeat(64) } }, { digest }],
    [{ '@id': `berth.example/app@${digest}` }, { digest }],
    [{ '@id': digest }, { digest }],
  ])('a product is identified by %j', (product, wanted) => {
    const [found] = read(openVex([{ ...statement, products: [product] }]))
    expect(found?.products).toEqual([{ ...wanted, subcomponents: [] }])
  })

  test('in a statement of in-toto, what has no product is about its subject', () => {
    const { products: _, ...rest } = statement
    const inToto = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: 'a'.repeat(64) } }],
      predicateType: 'https://openvex.dev/ns/v0.2.0',
      predicate: openVex([rest]),
    }
    expect(read(inToto)[0]?.products).toEqual([{ digest, subcomponents: [] }])
    expect(() => read(openVex([rest]))).toThrow('statements[0] names no product')
  })

  test.each([
    [{ ...statement, justification: undefined, impact_statement: ' ' }, 'needs a justification'],
    [{ ...statement, justification: 'because' }, 'statements[0].justification'],
    [{ ...statement, status: 'fixed' }, 'only not_affected'],
    [{ ...statement, status: 'fine' }, 'statements[0].status'],
    [{ ...statement, timestamp: 'yesterday' }, 'statements[0].timestamp'],
    [{ ...statement, vulnerability: 'CVE-2023-1' }, 'statements[0].vulnerability'],
    [{ ...statement, products: ['pkg:npm/a@1'] }, 'statements[0].products.0'],
    [{ ...statement, products: [{ '@id': 'an application' }] }, 'products[0] has neither'],
    [
      { ...statement, products: [{ '@id': image, subcomponents: [{ '@id': 'x' }] }] },
      'subcomponents[0]',
    ],
  ])('one wrong statement makes the document count for nothing: %#', (wrong, message) => {
    expect(() => read(openVex([statement, statement].with(0, wrong as typeof statement)))).toThrow(
      message,
    )
  })

  test.each([
    [openVex([], { '@context': 'https://openvex.dev/ns/v9' }), 'is not read, only 0.2.0'],
    [openVex([], { author: '' }), 'author'],
    [openVex([], { timestamp: undefined }), 'timestamp'],
    [{ document: { category: 'csaf_vex' } }, 'no VEX that is read here'],
  ])('refuses the document %#', (value, message) => {
    expect(() => read(value)).toThrow(message)
  })
})

describe('readVex: CycloneDX', () => {
  const base = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: {
      timestamp: '2026-02-01T00:00:00Z',
      authors: [{ name: 'A', email: 'a@example.org' }],
      component: { type: 'container', name: 'app', 'bom-ref': 'root', purl: image },
    },
    components: [
      {
        name: 'outer',
        components: [{ name: 'lodash', 'bom-ref': 'c1', purl: 'pkg:npm/lodash@4' }],
      },
    ],
  }
  const vulnerability = (rest: object) => ({
    ...base,
    vulnerabilities: [{ id: 'CVE-2023-1', references: [{ id: 'GHSA-x' }], ...rest }],
  })

  test.each([
    ['not_affected', 'not_affected'],
    ['false_positive', 'not_affected'],
    ['resolved', 'fixed'],
    ['resolved_with_pedigree', 'fixed'],
    ['exploitable', 'affected'],
    ['in_triage', 'under_investigation'],
  ])('%s is %s', (state, status) => {
    const [found] = read(
      vulnerability({
        analysis: {
          state,
          justification: 'code_not_reachable',
          lastUpdated: '2026-03-01T00:00:00Z',
        },
        affects: [{ ref: 'c1' }],
      }),
    )
    expect(found).toEqual({
      vulnerability: 'CVE-2023-1',
      aliases: ['GHSA-x'],
      products: [{ purl: image, subcomponents: ['pkg:npm/lodash@4'] }],
      status,
      justification: 'code_not_reachable',
      author: 'a@example.org',
      timestamp: '2026-03-01T00:00:00.000Z',
      source: 'cyclonedx',
    })
  })

  test('follows links, package URLs and the whole', () => {
    const about = (refs: string[], document: object = {}) =>
      read({
        ...vulnerability({
          analysis: { state: 'in_triage' },
          affects: refs.map((ref) => ({ ref })),
        }),
        ...document,
      })[0]?.products
    const link = 'urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#'
    expect(about([`${link}c1`])?.[0]?.subcomponents).toEqual(['pkg:npm/lodash@4'])
    expect(about([`${link}pkg%3Anpm%2Fa%401`])?.[0]?.subcomponents).toEqual(['pkg:npm/a@1'])
    expect(about(['c1', 'root'])).toEqual([{ purl: image, subcomponents: [] }])
    expect(
      about(['pkg:npm/a@1', 'pkg:npm/b@1'], { metadata: { timestamp: '2026-02-01T00:00:00Z' } }),
    ).toEqual([
      { purl: 'pkg:npm/a@1', subcomponents: [] },
      { purl: 'pkg:npm/b@1', subcomponents: [] },
    ])
  })

  test.each([
    [{ analysis: { state: 'not_affected' }, affects: [{ ref: 'c1' }] }, 'needs a justification'],
    [{ analysis: { state: 'harmless' } }, 'is no state'],
    [
      { analysis: { state: 'in_triage' }, affects: [{ ref: 'c9' }] },
      'c9 is nothing in the document',
    ],
  ])('refuses %#', (rest, message) => {
    expect(() => read(vulnerability(rest))).toThrow(message)
  })

  test('a vulnerability without an analysis is no statement', () => {
    expect(read(vulnerability({ affects: [{ ref: 'c1' }] }))).toEqual([])
  })

  test('what Berth writes with its findings is read back as VEX', () => {
    const read = readVex(Buffer.from(writeCycloneDx(sampleReport, { withFindings: true })))
    expect(read).toMatchObject([
      {
        vulnerability: 'CVE-2024-0001',
        status: 'not_affected',
        justification: 'code_not_reachable',
        timestamp: '2026-11-01T00:00:00.000Z',
      },
    ])
    expect(read[0]?.products).toMatchObject([
      { digest: sampleReport.artifact.digest, subcomponents: [expect.stringContaining('libssl3')] },
    ])
  })
})

describe('writeOpenVex', () => {
  const said: VexStatement = {
    vulnerability: 'CVE-2023-1',
    aliases: ['GHSA-x'],
    products: [{ purl: image, digest, subcomponents: ['pkg:npm/lodash@4.17.20'] }],
    status: 'not_affected',
    justification: 'component_not_present',
    statement: 'Removed.',
    author: 'security@example.org',
    timestamp: '2026-01-09T00:02:03.000Z',
    source: 'openvex',
  }
  const write = (statements: readonly VexStatement[]) =>
    writeOpenVex({ author: said.author, timestamp: '2026-02-01T00:00:00Z', statements })

  test('what was written is read back', () => {
    const statements: VexStatement[] = [
      said,
      { ...said, products: [{ digest, subcomponents: [] }], aliases: [] },
      ...(['affected', 'fixed', 'under_investigation'] as const).map((status) => {
        const { justification: _, ...rest } = said
        return { ...rest, status }
      }),
    ]
    expect(readVex(Buffer.from(write(statements)))).toEqual(statements)
    expect(write(statements)).toBe(write(structuredClone(statements)))
    expect(write(statements)).not.toBe(write([said]))
  })

  test("CycloneDX's words become OpenVEX's, or are said in the text", () => {
    const justified = (justification: string) =>
      readVex(Buffer.from(write([{ ...said, justification }])))[0]
    expect(justified('code_not_reachable')?.justification).toBe(
      'vulnerable_code_not_in_execute_path',
    )
    expect(justified('requires_configuration')?.justification).toBeUndefined()
    expect(justified('requires_configuration')?.statement).toBe('requires_configuration: Removed.')
  })
})

test('readVex: whatever JSON it is, there are statements or Unreadable', () => {
  const part = fc.oneof(fc.jsonValue(), fc.constant('pkg:npm/a@1'), fc.constant('not_affected'))
  const document = fc.oneof(
    fc.record({
      '@context': fc.constant('https://openvex.dev/ns'),
      author: fc.constant('a'),
      timestamp: fc.constant('2026-01-01T00:00:00Z'),
      statements: fc.array(
        fc.dictionary(fc.constantFrom('vulnerability', 'status', 'products'), part),
      ),
    }),
    fc.record({
      bomFormat: fc.constant('CycloneDX'),
      vulnerabilities: fc.array(fc.dictionary(fc.constantFrom('id', 'analysis', 'affects'), part)),
    }),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(document, (value) => {
      try {
        expect(Array.isArray(read(value))).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(Unreadable)
      }
    }),
  )
})
