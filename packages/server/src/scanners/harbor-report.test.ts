import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ScannerFailure } from './external-finding.ts'
import { readAdapterMetadata } from './harbor-metadata.ts'
import { readHarborReport } from './harbor-report.ts'

const now = '2026-11-27T00:00:00.000Z'
const read = (value: unknown) =>
  readHarborReport(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), {
    who: 'X',
    now,
  })
const report = (vulnerabilities: unknown) => ({ scanner: { name: 'T' }, vulnerabilities })

test('an empty list may be null, and what is missing is no finding', () => {
  expect(read(report(null))).toMatchObject({ product: 'T', generatedAt: now, findings: [] })
  expect(read(report([{ id: 'CVE-1' }, { package: 'a' }, 7, null])).findings).toEqual([])
})

test('scores of 0 are none, the older version counts where there is no newer', () => {
  const one = { id: 'CVE-1', package: 'a', severity: 'None' }
  const score = (preferred_cvss: object) => {
    const [found] = read(report([{ ...one, preferred_cvss }])).findings
    return [found?.score, found?.vector, found?.severity]
  }
  expect(score({ score_v3: 0, score_v2: 5, vector_v2: 'V2', vector_v3: '' })).toEqual([
    5,
    'V2',
    'unknown',
  ])
  expect(score({ score_v3: 99, score_v2: null })).toEqual([null, null, 'unknown'])
})

test('findings beyond 20,000 are cut, the least first', () => {
  const many = Array.from({ length: 20_001 }, (_, index) => ({
    id: `CVE-${index}`,
    package: 'a',
    severity: index === 20_000 ? 'Critical' : 'Low',
  }))
  const { findings, isTruncated } = read(report(many))
  expect([findings.length, isTruncated, findings[0]?.vulnerability]).toEqual([
    20_000,
    true,
    'CVE-20000',
  ])
})

test('what nests too deep is refused before it is read', () => {
  expect(() => read(`{"scanner":${'['.repeat(1_000_000)}`)).toThrow('nests too deep')
  // Brackets in texts are no nesting.
  expect(read({ ...report([]), note: '[{\\"'.repeat(500) }).findings).toEqual([])
})

test('whatever an adapter sends is read or refused in words', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        { scanner: fc.jsonValue(), vulnerabilities: fc.array(fc.jsonValue()) },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
    fc
      .record({ scanner: fc.jsonValue(), capabilities: fc.jsonValue(), properties: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(anything, (text) => {
      for (const work of [() => read(text), () => readAdapterMetadata(Buffer.from(text), 'X')]) {
        try {
          work()
        } catch (error) {
          expect(error).toBeInstanceOf(ScannerFailure)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('the best report that an adapter makes is chosen, as it spells it', () => {
  const metadata = (produces_mime_types: string[]) =>
    readAdapterMetadata(
      Buffer.from(
        JSON.stringify({
          scanner: { name: 'T' },
          capabilities: [{ type: 'sbom' }, { consumes_mime_types: null, produces_mime_types }],
        }),
      ),
      'X',
    ).identity.reportType
  const old = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0'
  const odd = 'application/vnd.security.vulnerability.report;version=1.1'
  expect([metadata([old]), metadata([old, odd])]).toEqual([old, odd])
  expect(() => metadata(['text/plain'])).toThrow('makes none of the reports')
})
