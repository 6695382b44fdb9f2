import { describe, expect, test } from 'vitest'
import { emptyReport, openssl, sampleReport } from './testing/sample-report.ts'
import { writeTrivy } from './trivy.ts'

describe('writeTrivy', () => {
  const document = JSON.parse(writeTrivy(sampleReport))

  test('names the image as Trivy does', () => {
    expect(document).toMatchObject({
      SchemaVersion: 2,
      ArtifactName: 'berth.example:5000/team/App:1.0',
      ArtifactType: 'container_image',
      Metadata: {
        OS: { Family: 'debian', Name: '12' },
        ImageID: sampleReport.artifact.imageId,
        RepoTags: ['berth.example:5000/team/App:1.0'],
        RepoDigests: [`berth.example:5000/team/App@${sampleReport.artifact.digest}`],
      },
    })
    expect(document.Metadata.OS.EOSL).toBeUndefined()
    expect(document.Metadata.Berth.NotCovered).toHaveLength(1)
  })

  test('results are by distribution and language; every package and finding is in one', () => {
    expect(
      document.Results.map((result: Record<string, unknown[]>) => [
        result['Class'],
        result['Type'],
        result['Target'],
        result['Packages']?.length,
        result['Vulnerabilities']?.length ?? 0,
      ]),
    ).toEqual([
      ['os-pkgs', 'debian', 'berth.example:5000/team/App:1.0 (debian 12)', 2, 2],
      ['lang-pkgs', 'jar', 'Java', 2, 1],
      ['lang-pkgs', 'node-pkg', 'Node.js', 1, 0],
    ])
  })

  test('versions of deb and rpm are taken apart', () => {
    const [libssl, bash] = document.Results[0].Packages
    expect(libssl).toMatchObject({
      Version: '3.0.11',
      Release: '1~deb12u1',
      SrcName: 'openssl',
      SrcVersion: '3.0.11',
      SrcRelease: '1~deb12u1',
      Layer: { DiffID: openssl.layer },
    })
    expect(bash).toMatchObject({ Version: '5.1.8', Release: '9.el9', Epoch: 1, SrcName: 'bash' })
  })

  test('a finding has what Trivy says of one; a word is no CVSS', () => {
    expect(document.Results[0].Vulnerabilities[0]).toMatchObject({
      VulnerabilityID: 'CVE-2023-5678',
      VendorIDs: ['DEBIAN-CVE-2023-5678', 'DSA-5000-1'],
      PkgName: 'libssl3',
      InstalledVersion: '3.0.11-1~deb12u1',
      FixedVersion: '3.0.13-1~deb12u1',
      Status: 'fixed',
      SeveritySource: 'debian',
      Severity: 'MEDIUM',
      CVSS: {
        debian: { V3Vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L', V3Score: 5.3 },
        nvd: { V2Vector: 'AV:N/AC:L/Au:N/C:N/I:N/A:P', V2Score: 5 },
      },
      PrimaryURL: 'https://nvd.nist.gov/vuln/detail/CVE-2023-5678',
    })
    expect(document.Results[0].Vulnerabilities[0].CVSS.redhat).toBeUndefined()
    expect(document.Results[1].Vulnerabilities[0].CVSS.ghsa).toMatchObject({
      V40Score: 10,
      V3Score: 10,
    })
  })

  test('what was judged away is a modified finding', () => {
    expect(document.Results[0].ExperimentalModifiedFindings).toMatchObject([
      {
        Status: 'not_affected',
        Statement: 'Not called, ever.',
        Finding: { VulnerabilityID: 'CVE-2024-0001' },
      },
    ])
  })

  test('an end of life that is over is said', () => {
    const { distribution } = sampleReport.catalogue
    const over = writeTrivy({
      ...sampleReport,
      catalogue: {
        ...sampleReport.catalogue,
        distribution: { ...distribution!, endOfLife: '2026-11-26' },
      },
    })
    expect(JSON.parse(over).Metadata.OS.EOSL).toBe(true)
  })

  test('a folder is a file system', () => {
    expect(JSON.parse(writeTrivy(emptyReport))).toMatchObject({
      ArtifactType: 'filesystem',
      Results: [],
    })
  })
})
