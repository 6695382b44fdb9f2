import { describe, expect, test } from 'vitest'
import { writeSarif } from './sarif.ts'
import { emptyReport, sampleReport } from './testing/sample-report.ts'

const runOf = (text: string) => JSON.parse(text).runs[0]

describe('writeSarif', () => {
  const run = runOf(writeSarif(sampleReport))

  test('a rule for each vulnerability, a result for each package, tied by index', () => {
    const ids = run.tool.driver.rules.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(['CVE-2021-44228', 'CVE-2023-5678', 'CVE-2022-3715', 'CVE-2024-0001'])
    for (const result of run.results) expect(ids[result.ruleIndex]).toBe(result.ruleId)
    expect(run.tool.driver.rules[0].properties).toMatchObject({
      'security-severity': '10.0',
      tags: ['vulnerability', 'security', 'CRITICAL'],
      knownExploited: '2021-12-10',
    })
    expect(run.results.map(({ level }: { level: string }) => level)).toEqual([
      'error',
      'warning',
      'note',
      'warning',
    ])
  })

  test('several packages with one vulnerability share its rule, with the worst score', () => {
    const [log4j, openssl] = sampleReport.findings
    const again = { ...openssl!, vulnerability: log4j!.vulnerability }
    const shared = runOf(writeSarif({ ...sampleReport, findings: [again, log4j!] }))
    expect(shared.tool.driver.rules[0].properties['security-severity']).toBe('10.0')
    expect(shared.results.map(({ ruleIndex }: { ruleIndex: number }) => ruleIndex)).toEqual([
      0, 0, 1,
    ])
  })

  test('paths are relative addresses', () => {
    const { uri } = run.results[0].locations[0].physicalLocation.artifactLocation
    expect(uri).toBe('app/app.jar!/BOOT-INF/lib/log4j%20core.jar')
    expect(new URL(uri, 'file:///').pathname).toBe(`/${uri}`)
  })

  test('what was judged away is suppressed, and only that', () => {
    expect(
      run.results.map(({ suppressions }: { suppressions?: unknown[] }) => suppressions?.length),
    ).toEqual([undefined, undefined, undefined, 1])
    expect(run.results[3].suppressions[0].justification).toContain('by security@example.org')
  })

  test('what is not covered is a warning of the tool, and the age of the advisories is said', () => {
    expect(run.invocations[0].toolExecutionNotifications).toHaveLength(1)
    expect(run.properties.advisoriesBuiltAt).toBe('2026-11-26T00:00:00Z')
    expect(runOf(writeSarif(emptyReport))).toMatchObject({
      results: [],
      properties: { advisoriesBuiltAt: 'never' },
    })
  })

  test('is the same for the same report', () => {
    expect(writeSarif(structuredClone(sampleReport))).toBe(writeSarif(sampleReport))
  })
})
