import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

type Advisory = {
  readonly id: string
  readonly cve: string
  readonly package: string
  readonly fixed: string | undefined
  readonly vector: string
  readonly summary: string
  readonly published: string
}

/** What the packages of the sample images suffer from, in OSV's form. */
const advisories: readonly Advisory[] = [
  {
    id: 'DSA-5218-1',
    cve: 'CVE-2022-37434',
    package: 'zlib',
    fixed: '1:1.2.11.dfsg-2+deb11u2',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    summary: 'A heap overflow in inflate by a large header field.',
    published: '2022-08-22T00:00:00Z',
  },
  {
    id: 'DSA-5343-1',
    cve: 'CVE-2023-0286',
    package: 'openssl',
    fixed: '1.1.1n-0+deb11u4',
    vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:H',
    summary: 'A confusion of types when X.400 addresses are compared.',
    published: '2023-02-07T00:00:00Z',
  },
  {
    id: 'DSA-5587-1',
    cve: 'CVE-2023-46218',
    package: 'curl',
    fixed: '7.74.0-1.3+deb11u11',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N',
    summary: 'Cookies of one domain are sent to another by mixed case.',
    published: '2023-12-23T00:00:00Z',
  },
  {
    id: 'DEBIAN-CVE-2019-8457',
    cve: 'CVE-2019-8457',
    package: 'db5.3',
    fixed: undefined,
    vector: 'CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N',
    summary: 'A read beyond the end in the r-tree extension.',
    published: '2019-05-30T00:00:00Z',
  },
  {
    id: 'DEBIAN-CVE-2020-99001',
    cve: 'CVE-2020-99001',
    package: 'perl',
    fixed: '5.32.1-4+deb11u3',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:U/C:H/I:L/A:L',
    // Whoever writes advisories may write anything.
    summary: '<script>document.title="run"</script><b>bold</b> \u202eReversed by a mark',
    published: '2020-06-01T00:00:00Z',
  },
]

/** Writes them as files for `berth advisories import`. */
export async function writeAdvisories(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const each of advisories) {
    const events = [
      { introduced: '0' },
      ...(each.fixed === undefined ? [] : [{ fixed: each.fixed }]),
    ]
    const text = JSON.stringify({
      schema_version: '1.7.0',
      id: each.id,
      upstream: [each.cve],
      published: each.published,
      modified: each.published,
      summary: each.summary,
      severity: [{ type: 'CVSS_V3', score: each.vector }],
      references: [{ type: 'ADVISORY', url: `https://example.com/advisories/${each.cve}` }],
      affected: [
        {
          package: { ecosystem: 'Debian:11', name: each.package },
          ranges: [{ type: 'ECOSYSTEM', events }],
        },
      ],
    })
    await writeFile(join(directory, `${each.id}.json`), text)
  }
}
