import { catalogueVersion } from '../../catalogue.ts'
import type { PackageFinding, ScanReport } from '../../finding.ts'
import type { CataloguedPackage } from '../../package.ts'

const layer = `sha256:${'1'.repeat(64)}`

export const openssl: CataloguedPackage = {
  kind: 'deb',
  name: 'libssl3',
  version: '3.0.11-1~deb12u1',
  purl: 'pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl',
  source: { name: 'openssl', version: '3.0.11-1~deb12u1' },
  architecture: 'amd64',
  licenses: ['Apache-2.0', 'GPL-2+ with OpenSSL exception'],
  maintainer: 'Debian OpenSSL Team <pkg-openssl-devel@alioth-lists.debian.net>',
  path: 'var/lib/dpkg/status',
  layer,
}

export const lodash: CataloguedPackage = {
  kind: 'npm',
  name: '@types/lodash',
  version: '4.17.20',
  purl: 'pkg:npm/%40types/lodash@4.17.20',
  licenses: ['MIT OR Apache-2.0'],
  path: 'app/node_modules/@types/lodash/package.json',
  layer,
}

const log4j: CataloguedPackage = {
  kind: 'maven',
  name: 'org.apache.logging.log4j:log4j-core',
  version: '2.14.1',
  purl: 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
  licenses: [],
  path: 'app/app.jar!/BOOT-INF/lib/log4j core.jar',
}

const bash: CataloguedPackage = {
  kind: 'rpm',
  name: 'bash',
  version: '1:5.1.8-9.el9',
  purl: 'pkg:rpm/rocky/bash@5.1.8-9.el9?arch=x86_64&epoch=1&upstream=bash-5.1.8-9.el9.src.rpm',
  architecture: 'x86_64',
  licenses: ['GPLv3+'],
  path: 'var/lib/rpm/rpmdb.sqlite',
  modularity: 'shells:5:8080:1',
}

export const opensslFinding: PackageFinding = {
  vulnerability: 'CVE-2023-5678',
  advisories: [
    { id: 'DEBIAN-CVE-2023-5678', source: 'debian' },
    { id: 'DSA-5000-1', source: 'debian' },
  ],
  aliases: ['GHSA-aaaa-bbbb-cccc'],
  severity: 'medium',
  score: 5.3,
  scores: [
    {
      source: 'debian',
      version: '3.1',
      vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L',
      score: 5.3,
    },
    { source: 'redhat', score: 4, isEstimated: true },
    { source: 'nvd', version: '2.0', vector: 'AV:N/AC:L/Au:N/C:N/I:N/A:P', score: 5 },
  ],
  fixState: 'fixed',
  fixedVersion: '3.0.13-1~deb12u1',
  published: '2023-11-06T16:15:42Z',
  modified: '2024-10-14T15:15:13Z',
  title: '=cmd|"/c calc"!A1',
  description: 'Generating long X9.42 DH keys is slow.\nIt may be used to deny service.',
  references: ['https://www.openssl.org/news/secadv/20231106.txt'],
  cwes: ['CWE-606', 'CWE-754'],
  epss: 0.0005,
  package: openssl,
}

const log4jFinding: PackageFinding = {
  vulnerability: 'CVE-2021-44228',
  advisories: [{ id: 'GHSA-jfh8-c2jp-5v3q', source: 'ghsa' }],
  aliases: ['GHSA-jfh8-c2jp-5v3q'],
  severity: 'critical',
  score: 10,
  scores: [
    {
      source: 'ghsa',
      version: '4.0',
      vector: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H',
      score: 10,
    },
    {
      source: 'ghsa',
      version: '3.1',
      vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H',
      score: 10,
    },
  ],
  fixState: 'fixed',
  fixedVersion: '2.15.0',
  references: ['https://logging.apache.org/log4j/2.x/security.html', 'not an address'],
  cwes: [],
  knownExploited: '2021-12-10',
  package: log4j,
}

const bashFinding: PackageFinding = {
  vulnerability: 'CVE-2022-3715',
  advisories: [],
  aliases: [],
  severity: 'unknown',
  score: 0,
  scores: [],
  fixState: 'wontFix',
  references: [],
  cwes: [],
  isUndetermined: true,
  package: bash,
}

/** A report with every form of package, score and judgement that the writers have to say. */
export const sampleReport: ScanReport = {
  artifact: {
    name: 'berth.example:5000/team/App:1.0',
    digest: `sha256:${'a'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    platform: 'linux/amd64',
    size: 123456,
    imageId: `sha256:${'b'.repeat(64)}`,
    diffIds: [layer],
    labels: { 'org.opencontainers.image.version': '1.0' },
  },
  scanner: { name: 'Berth', version: '0.1.0' },
  scannedAt: '2026-11-27T10:11:12.345Z',
  data: {
    revision: 7,
    builtAt: '2026-11-26T00:00:00Z',
    sources: [{ name: 'osv', builtAt: '2026-11-26T00:00:00Z', records: 12 }],
  },
  catalogue: {
    version: catalogueVersion,
    distribution: {
      id: 'debian',
      version: '12',
      codename: 'bookworm',
      name: 'Debian GNU/Linux 12 (bookworm)',
      idLike: [],
      release: '12',
      endOfLife: '2028-06-30',
    },
    packages: [openssl, log4j, { ...log4j, path: 'app/other.jar' }, lodash, bash],
    notCovered: [{ path: 'opt/x.jar', reason: 'The archive is broken, "really".' }],
  },
  findings: [log4jFinding, opensslFinding, bashFinding],
  suppressed: [
    {
      ...opensslFinding,
      vulnerability: 'CVE-2024-0001',
      vex: {
        status: 'not_affected',
        justification: 'vulnerable_code_not_in_execute_path',
        statement: 'Not called, ever.',
        author: 'security@example.org',
        at: '2026-11-01T00:00:00Z',
        source: 'openvex',
      },
    },
  ],
}

/** Nothing found in nothing: a folder without packages. */
export const emptyReport: ScanReport = {
  artifact: { name: './folder' },
  scanner: { name: 'Berth', version: '0.1.0' },
  scannedAt: '2026-11-27T10:11:12Z',
  data: { revision: 0, builtAt: null, sources: [] },
  catalogue: { version: catalogueVersion, packages: [], notCovered: [] },
  findings: [],
  suppressed: [],
}
