import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeCsv } from './csv.ts'
import { emptyReport, opensslFinding, sampleReport } from './testing/sample-report.ts'

/** A reader of RFC 4180, written apart from the writer. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/gy
  while (pattern.lastIndex < text.length) {
    const [, quoted, plain, end] = pattern.exec(text) ?? []
    if (end === undefined) throw new Error('not CSV')
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === '\r\n' && pattern.lastIndex < text.length) rows.push([])
  }
  return rows
}

const records = (text: string) => {
  const [header = [], ...rows] = readCsv(text)
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [header[index], value])))
}

describe('writeCsv', () => {
  test('a row for each finding, those judged away among them', () => {
    const rows = records(writeCsv(sampleReport))
    expect(rows.map((row) => [row['vulnerability'], row['package'], row['vex_status']])).toEqual([
      ['CVE-2021-44228', 'org.apache.logging.log4j:log4j-core', ''],
      ['CVE-2023-5678', 'libssl3', ''],
      ['CVE-2022-3715', 'bash', ''],
      ['CVE-2024-0001', 'libssl3', 'not_affected'],
    ])
    expect(rows[0]).toMatchObject({
      score: '10',
      score_source: 'ghsa',
      known_exploited: '2021-12-10',
      fixed_version: '2.15.0',
      advisories_built_at: '2026-11-26T00:00:00Z',
    })
  })

  test('without findings there is the header alone', () => {
    expect(writeCsv(emptyReport)).toMatch(/^artifact,digest,[^\r\n]+\r\n$/)
  })

  test('a title that a spreadsheet would run is made text', () => {
    expect(records(writeCsv(sampleReport))[1]?.['title']).toBe(`'=cmd|"/c calc"!A1`)
  })

  test('whatever a text is, it comes back, and no cell begins like a formula', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[\s=+@"',-]{0,4}[a-z,"\r\n]{0,4}$/))
    fc.assert(
      fc.property(text, (title) => {
        const csv = writeCsv({
          ...sampleReport,
          findings: [{ ...opensslFinding, title }],
          suppressed: [],
        })
        const cell = records(csv)[0]?.['title'] ?? ''
        expect([title, `'${title}`]).toContain(cell)
        expect(cell).not.toMatch(/^\s*[=+\-@]/)
        expect(records(csv)).toHaveLength(1)
      }),
    )
  })
})
