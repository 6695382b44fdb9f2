import type { ErrorEnvelope } from '@berth/oci/error-code.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, digestOf, readJson } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestScans, type TestScans, until } from '../../testing/open-test-scans.ts'
import { debianLayer, pushImage, tarLayer } from '../../testing/scan-fixtures.ts'

type Decision = {
  decision: string
  violations: { subject: string; fix: string | null; due: string | null }[]
  suppressed: { subject: string; by: string; author: string; reason: string }[]
  validUntil: string | null
}

const slow = 120_000
const day = 86_400_000
const indexType = 'application/vnd.oci.image.index.v1+json'
const advisories = [
  { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8 },
  { cve: 'CVE-2026-2', package: 'zlib1g', score: 5.3 },
  { cve: 'CVE-2026-3', package: 'curl', fixed: '8.1-1', score: 5.1, exploited: '2026-11-01' },
]

function denied(answer: Answer): string {
  expect([answer.status, answer.body.toString()]).toEqual([403, expect.any(String)])
  const [error] = readJson<ErrorEnvelope>(answer).errors
  expect(error?.code).toBe('DENIED')
  return error?.message ?? ''
}

describe.each(testDatabases)('policies on scans, $name', { timeout: slow }, (engine) => {
  describe.skipIf(!engine.available)('policies on scans', () => {
    let test: TestScans
    let number = 0
    let repository = ''

    beforeAll(async () => {
      test = await openTestScans(engine)
      await test.useAdvisories(advisories, new Date(test.now() - 2 * day).toISOString())
      await test.manage('POST', '/projects', { name: 'acme/team', visibility: 'private' })
    }, slow)
    afterAll(() => test.close(), slow)
    beforeEach(async () => {
      number += 1
      repository = `acme/app${number}`
      await test.setPolicy('acme', '  []')
    })

    const pull = (reference = 'v1') => test.pull(repository, reference)
    const passes = async (reference = 'v1') => {
      const answer = await pull(reference)
      expect([answer.status, answer.status === 200 ? '' : answer.body.toString()]).toEqual([
        200,
        '',
      ])
    }
    const explain = (reference = 'v1') =>
      test.manage<Decision>(
        'GET',
        `/repositories/${encodeURIComponent(repository)}/decisions/${reference}`,
      )
    const say = (project: string, more: object = {}) =>
      test.manage<{ id: string }>(
        'POST',
        `/projects/${encodeURIComponent(project)}/vex-statements`,
        {
          vulnerability: 'CVE-2026-1',
          package: 'deb:openssl',
          status: 'not_affected',
          statement: 'The code is not called.',
          ...more,
        },
      )

    it('maximumCvss blocks with vulnerability, package and fix, and the mended image passes under the same tag', async () => {
      await test.pushScanned(repository, 'v1', [
        debianLayer({ openssl: '3.0.11-1', zlib1g: '1:1.2.13' }),
      ])
      await test.setPolicy('acme', '  - { name: gate, maximumCvss: { score: 5 } }')
      expect(denied(await pull())).toMatch(
        /^blocked by Berth policy "gate": CVE-2026-1 CVSS 9\.8 in openssl 3\.0\.11-1 \(fixed in 3\.0\.13-1\), \+1 more\. Scan \d{4}-\d\d-\d\d, advisories of \d{4}-\d\d-\d\d\. Details: http/,
      )
      await test.setPolicy(
        'acme',
        '  - { name: gate, maximumCvss: { score: 5, onlyFixable: true } }',
      )
      expect(denied(await pull())).not.toContain('more')
      await test.pushScanned(repository, 'v1', [
        debianLayer({ openssl: '3.0.13-1', zlib1g: '1:1.2.13' }),
      ])
      await passes()
    })

    it('a statement of the project or above lets pass and is shown; one from below only with vex: all', async () => {
      repository = `acme/team/app${number}`
      await test.pushScanned(repository, 'v1', [debianLayer({ openssl: '3.0.11-1' })])
      const rule = (vex: string) =>
        test.setPolicy('acme', `  - { name: gate, maximumCvss: { score: 7${vex} } }`)
      await rule('')
      denied(await pull())
      const below = await say('acme/team')
      denied(await pull())
      await rule(', vex: all')
      await passes()
      await test.manage('POST', `/projects/acme%2Fteam/vex-statements/${below.id}/revoke`)
      denied(await pull())
      await rule('')
      const above = await say('acme', { repository })
      await passes()
      expect(await explain()).toMatchObject({
        decision: 'allow',
        violations: [],
        suppressed: [
          {
            subject: 'CVE-2026-1 in deb:openssl 3.0.11-1',
            by: 'vex',
            author: 'admin',
            reason: 'The code is not called.',
          },
        ],
      })
      await rule(', vex: none')
      denied(await pull())
      await test.setPolicy(
        'acme',
        '  - { name: gate, deniedVulnerabilities: { vulnerabilities: [CVE-2026-1] } }',
      )
      await passes()
      await test.manage('POST', `/projects/acme/vex-statements/${above.id}/revoke`)
      expect(denied(await pull())).toContain('denied CVE-2026-1 in openssl 3.0.11-1')
    })

    it('an exception lets pass until its end, by the clock alone', async () => {
      await test.pushScanned(repository, 'v1', [debianLayer({ openssl: '3.0.11-1' })])
      await test.setPolicy('acme', '  - { name: gate, maximumCvss: { score: 7 } }')
      denied(await pull())
      const endsAt = new Date(test.now() + 3 * day).toISOString()
      await test.manage('POST', '/projects/acme/policy-exceptions', {
        vulnerability: 'CVE-2026-1',
        package: 'deb:openssl',
        repositories: repository,
        reason: 'the vendor mends it',
        endsAt,
      })
      await passes()
      expect(await explain()).toMatchObject({
        validUntil: endsAt,
        suppressed: [{ by: 'exception', author: 'admin', reason: 'the vendor mends it', endsAt }],
      })
      test.advance(2 * day)
      await passes()
      test.advance(day)
      denied(await pull())
    })

    it('sla counts from the first sight, sooner for what is exploited, and a push does not start it again', async () => {
      await test.setPolicy(
        'acme',
        '  - { name: mended, sla: { critical: 3d, medium: 30d, kev: 1d } }',
      )
      const layers = [debianLayer({ openssl: '3.0.11-1', curl: '8.0-1', zlib1g: '1:1.2.13' })]
      await test.pushScanned(repository, 'v1', layers)
      await passes()
      test.advance(day + 60_000)
      expect(denied(await pull())).toContain(
        'CVE-2026-3 (known to be exploited) in curl 8.0-1 (fixed in 8.1-1) was due ',
      )
      await test.pushScanned(repository, 'v1', [...layers, tarLayer({ a: 'b' })])
      denied(await pull())
      await test.pushScanned(repository, 'v1', [
        debianLayer({ openssl: '3.0.11-1', zlib1g: '1:1.2.13' }),
      ])
      await passes()
      test.advance(2 * day)
      expect(denied(await pull())).toContain('CVE-2026-1 (critical) in openssl')
      const { violations } = await explain()
      expect(violations).toMatchObject([
        { fix: 'upgrade deb:openssl to 3.0.13-1', due: expect.stringMatching(/^2\d{3}-/) },
      ])
      await test.setPolicy('acme', '  - { name: mended, sla: { medium: 3d, clock: fixAvailable } }')
      await passes()
    })

    it('scannedWithin and maximumDataAge end by the clock', async () => {
      await test.pushScanned(repository, 'v1', [debianLayer({ bash: '5' })])
      await test.setPolicy('acme', '  - { name: fresh, scannedWithin: { age: 2d } }')
      await passes()
      const { validUntil } = await explain()
      test.advance(Date.parse(validUntil ?? '') - test.now() + 1)
      expect(denied(await pull())).toContain('"fresh": scanned last on ')
      await test.setPolicy('acme', '  - { name: data, maximumDataAge: { age: 300d } }')
      await passes()
      await test.setPolicy('acme', '  - { name: data, maximumDataAge: { age: 2d } }')
      expect(denied(await pull())).toContain('"data": advisories of ')
    })

    it('denied packages by name and version, and licences', async () => {
      const copyright =
        'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nFiles: *\nLicense: AGPL-3.0\n'
      await test.pushScanned(repository, 'v1', [
        debianLayer({ telnetd: '0.17-1', bash: '5.2-1' }),
        tarLayer({ 'usr/share/doc/telnetd/copyright': copyright }),
      ])
      const deny = (entry: string) =>
        test.setPolicy('acme', `  - { name: none, deniedPackages: { packages: [${entry}] } }`)
      await deny('{ name: "telnet*" }')
      expect(denied(await pull())).toContain('denied package telnetd 0.17-1')
      await deny('{ name: bash, kind: deb, below: "5.2-1" }')
      await passes()
      await deny('{ name: bash, kind: deb, below: "5.2-2" }')
      expect(denied(await pull())).toContain('denied package bash 5.2-1')
      await test.setPolicy('acme', '  - { name: free, licences: { deny: ["AGPL-*"] } }')
      expect(denied(await pull())).toContain('telnetd 0.17-1 has the licence AGPL-3.0')
      await test.setPolicy(
        'acme',
        '  - { name: free, licences: { allow: ["AGPL-*"], whenUnknown: block } }',
      )
      expect(denied(await pull())).toContain('bash 5.2-1 has no licence')
    })

    it('what is not scanned yet is blocked, let pass, or waited for, as the rule says', async () => {
      const rule = (when: string, score: number) =>
        test.setPolicy(
          'acme',
          `  - { name: gate, whenUnscanned: ${when}, maximumCvss: { score: ${score} } }`,
        )
      const broken = Buffer.from('no layer at all')
      await pushImage(
        test.registry,
        repository,
        'broken',
        [{ blob: broken, diffId: digestOf(broken) }],
        { config: '{"os":"linux"' },
      )
      await rule('block', 7)
      await until(async () => denied(await pull('broken')).includes('"gate": the scan failed: '))
      await rule('allow', 7)
      await passes('broken')
      // A failed scan is not waited for.
      await rule('wait', 7)
      denied(await pull('broken'))
      await rule('wait', 9.9)
      // A layer that takes a while.
      const noise = Buffer.from(
        Array.from({ length: 1 << 22 }, (_, index) => (index * index) % 251),
      )
      await pushImage(test.registry, repository, 'v1', [
        debianLayer({ openssl: '3.0.11-1', w: String(number) }),
        tarLayer({ noise }),
      ])
      await passes()
      await pushImage(test.registry, repository, 'v2', [
        debianLayer({ openssl: '3.0.11-1', ww: String(number) }),
        tarLayer({ noise: Buffer.concat([noise, noise]) }),
      ])
      await rule('wait', 7)
      // Judged by what the scan found, not by that there was none.
      expect(denied(await pull('v2'))).toContain('CVE-2026-1 CVSS 9.8 in openssl')
    })

    it('an index is judged by its worst platform, each platform by itself', async () => {
      const good = await test.pushScanned(repository, 'good', [
        debianLayer({ openssl: '3.0.13-1' }),
      ])
      const bad = await pushImage(
        test.registry,
        repository,
        'bad',
        [debianLayer({ openssl: '3.0.11-1' })],
        { architecture: 'arm64' },
      )
      await test.untilScanned(repository, bad)
      const entry = (digest: string, architecture: string) => ({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        size: 1,
        platform: { os: 'linux', architecture },
      })
      const manifests = [entry(good, 'amd64'), entry(bad, 'arm64')]
      const index = { schemaVersion: 2, mediaType: indexType, manifests }
      await test.registry.pushManifest(repository, 'all', index, indexType)
      await test.setPolicy('acme', '  - { name: gate, maximumCvss: { score: 7 } }')
      expect(denied(await pull('all'))).toContain('(fixed in 3.0.13-1) [linux/arm64]')
      denied(await pull(bad))
      await passes(good)
      await test.setPolicy(
        'acme',
        '  - { name: gate, platforms: [linux/amd64], maximumCvss: { score: 7 } }',
      )
      await passes('all')
    })

    // The last one: other advisories are in force from here on.
    it('new advisories block what passed a moment ago, and taken back they let it pass', async () => {
      await test.pushScanned(repository, 'v1', [debianLayer({ libxml2: '2.9-1' })])
      await test.setPolicy('acme', '  - { name: gate, maximumCvss: { score: 7 } }')
      await passes()
      const found = { cve: 'CVE-2026-9', package: 'libxml2', fixed: '2.10-1', score: 8.8 }
      await test.useAdvisories([...advisories, found], new Date(test.now()).toISOString())
      await until(async () => (await pull()).status === 403)
      expect(denied(await pull())).toContain(
        'CVE-2026-9 CVSS 8.8 in libxml2 2.9-1 (fixed in 2.10-1)',
      )
      const later = new Date(test.now() + 1000).toISOString()
      await test.useAdvisories([...advisories, { ...found, score: 3.1 }], later)
      await until(async () => (await pull()).status === 200)
    })
  })
})
