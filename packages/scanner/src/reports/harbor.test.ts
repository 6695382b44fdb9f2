import { describe, expect, test } from 'vitest'
import { writeHarbor } from './harbor.ts'
import { writeRaw } from './raw.ts'
import { emptyReport, sampleReport } from './testing/sample-report.ts'

describe('writeHarbor', () => {
  const document = JSON.parse(writeHarbor(sampleReport))

  test('names the artifact by repository and tag, and the worst severity', () => {
    expect(document.artifact).toEqual({
      repository: 'team/App',
      digest: sampleReport.artifact.digest,
      tag: '1.0',
      mime_type: 'application/vnd.oci.image.manifest.v1+json',
      size: 123456,
    })
    expect(document.severity).toBe('Critical')
    expect(JSON.parse(writeHarbor(emptyReport)).severity).toBe('Unknown')
  })

  test.each([
    ['app', 'app', undefined],
    ['library/app:2', 'library/app', '2'],
    ['localhost/app', 'app', undefined],
    ['berth.example/a/b@sha256:1', 'a/b', undefined],
  ])('%s is the repository %s', (name, repository, tag) => {
    const report = { ...sampleReport, artifact: { ...sampleReport.artifact, name } }
    expect(JSON.parse(writeHarbor(report)).artifact).toMatchObject({
      repository,
      ...(tag && { tag }),
    })
  })

  test('each finding with the scores that the form has a field for', () => {
    expect(document.vulnerabilities.map(({ id }: { id: string }) => id)).toEqual([
      'CVE-2021-44228',
      'CVE-2023-5678',
      'CVE-2022-3715',
    ])
    const [log4j, openssl, bash] = document.vulnerabilities
    expect(openssl).toMatchObject({
      package: 'libssl3',
      fix_version: '3.0.13-1~deb12u1',
      severity: 'Medium',
      preferred_cvss: { score_v3: 5.3, score_v2: 5, vector_v2: 'AV:N/AC:L/Au:N/C:N/I:N/A:P' },
      cwe_ids: ['CWE-606', 'CWE-754'],
    })
    expect(log4j.preferred_cvss.score_v3).toBe(10)
    expect(log4j.vendor_attributes.CVSS).toHaveProperty(['ghsa 4.0'])
    expect(bash).toMatchObject({
      severity: 'Unknown',
      fix_version: '',
      preferred_cvss: { score_v3: null, score_v2: null },
    })
  })

  test('the raw report is everything', () => {
    expect(JSON.parse(writeRaw(sampleReport))).toEqual(JSON.parse(JSON.stringify(sampleReport)))
  })
})
