import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, basic, digestOf, readJson } from '../testing/http-client.ts'
import { testDatabases } from '../testing/open-test-databases.ts'
import { type TestNodes, openTestNodes } from '../testing/open-test-nodes.ts'
import {
  type TestAdvisory,
  debianLayer,
  pushImage,
  tarLayer,
  writeAdvisories,
} from '../testing/scan-fixtures.ts'

type Scan = {
  scans: {
    digest: string
    state: string
    reason: string | null
    packages: number
    notCovered: { path: string; reason: string }[]
    notCoveredCount: number
    matchedAt: string | null
    dataRevision: number
    worstScore: number
    distribution: { id: string; release: string } | null
    counts: Record<string, number>
  }[]
}
type Finding = {
  vulnerability: string
  fixedVersion: string | null
  firstSeenAt: string | null
  package: { name: string; version: string; paths: string[] }
  suppressed: { author: string; statement: string } | null
}
type Page<Item> = { items: Item[]; next: string | null }

const slow = 120_000
const openssl = { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8 }
const zlib = { cve: 'CVE-2026-2', package: 'zlib1g', score: 5.3 }

for (const engine of testDatabases) {
  describe.skipIf(!engine.available)(`scanning on ${engine.name}`, { timeout: slow }, () => {
    let nodes: TestNodes

    beforeEach(async () => {
      nodes = await openTestNodes(engine)
    }, slow)

    afterEach(() => nodes.close(), slow)

    const path = (repository: string, reference: string, rest: string) =>
      `/repositories/${encodeURIComponent(repository)}/manifests/${reference}/${rest}`
    const readScan = (repository: string, reference: string) =>
      nodes.manage<Scan>('GET', path(repository, reference, 'scan'))
    const findings = async (repository: string, reference: string, query = '') =>
      (await nodes.manage<Page<Finding>>('GET', path(repository, reference, `findings${query}`)))
        .items

    async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
      for (;;) {
        const found = await look()
        if (found !== undefined) return found
        await wait(100)
      }
    }

    const scanned = (repository: string, reference: string, revision = 1) =>
      until(async () => {
        const [scan] = (await readScan(repository, reference)).scans
        if (scan?.state === 'failed' || scan?.state === 'unsupported') return scan
        return scan?.matchedAt && scan.dataRevision >= revision ? scan : undefined
      })

    async function useAdvisories(advisories: readonly TestAdvisory[], builtAt?: string) {
      for (const { dataDirectory } of nodes.nodes) {
        await writeAdvisories(
          join(dataDirectory, 'advisories', 'advisories.db'),
          advisories,
          builtAt,
        )
      }
    }

    test('a pushed image is looked into, its findings are served, judged, and found anew without reading it again', async () => {
      await useAdvisories([openssl])
      const digest = await pushImage(nodes.registry, 'acme/app', 'v1', [
        debianLayer({ openssl: '3.0.11-1', zlib1g: '1:1.2.13' }),
      ])
      expect(await scanned('acme/app', 'v1')).toMatchObject({
        digest,
        state: 'catalogued',
        packages: 2,
        worstScore: 9.8,
        distribution: { id: 'debian', release: '12' },
      })
      expect(await findings('acme/app', digest)).toMatchObject([
        {
          vulnerability: 'CVE-2026-1',
          fixedVersion: '3.0.13-1',
          package: { name: 'openssl', version: '3.0.11-1', paths: ['var/lib/dpkg/status'] },
          suppressed: null,
        },
      ])
      expect(await findings('acme/app', 'v1', '?fixable=false')).toEqual([])

      // New advisories: what is stored is compared again, though no byte of it can be read any more.
      const { database } = nodes.first.app
      await database.transaction((tx) => tx.deleteFrom('layer_catalogues').execute())
      await database.transaction((tx) =>
        tx.updateTable('blobs').set({ damage: 'is gone in this test' }).execute(),
      )
      await useAdvisories([openssl, zlib], '2026-11-20T00:00:00.000Z')
      const after = await until(async () => {
        const found = await findings('acme/app', 'v1')
        return found.length === 2 ? found : undefined
      })
      expect(after.map(({ vulnerability }) => vulnerability)).toEqual(['CVE-2026-1', 'CVE-2026-2'])
      expect(await scanned('acme/app', 'v1', 2)).toMatchObject({
        state: 'catalogued',
        reason: null,
      })

      // The clock of each, in the list of the project.
      const tracked = await until(async () => {
        const { items } = await nodes.manage<Page<{ package: string; closedAt: string | null }>>(
          'GET',
          '/projects/acme/findings',
        )
        return items.length === 2 ? items : undefined
      })
      expect(tracked).toMatchObject([
        { repository: 'acme/app', package: 'deb:openssl', score: 9.8, closedAt: null },
        { repository: 'acme/app', package: 'deb:zlib1g', score: 5.3, closedAt: null },
      ])

      // Judged away, it stays visible with its author; taken back, it counts again.
      const said = await nodes.manage<{ id: string }>('POST', '/projects/acme/vex-statements', {
        vulnerability: 'CVE-2026-2',
        package: 'deb:zlib1g',
        status: 'not_affected',
        statement: 'The code is not called.',
      })
      expect(await findings('acme/app', 'v1', '?suppressed=true')).toMatchObject([
        {
          vulnerability: 'CVE-2026-2',
          suppressed: { author: 'admin', statement: 'The code is not called.' },
        },
      ])
      expect((await readScan('acme/app', 'v1')).scans[0]).toMatchObject({ worstScore: 9.8 })
      const worst = await nodes.manage<{ id: string }>('POST', '/projects/acme/vex-statements', {
        vulnerability: 'CVE-2026-1',
        status: 'fixed',
      })
      expect((await readScan('acme/app', 'v1')).scans[0]).toMatchObject({ worstScore: 0 })
      await nodes.manage('POST', `/projects/acme/vex-statements/${worst.id}/revoke`)
      const left = (await readScan('acme/app', 'v1')).scans[0]?.counts ?? {}
      expect(Object.values(left).reduce((sum, count) => sum + count, 0)).toBe(1)
      await nodes.manage('POST', `/projects/acme/vex-statements/${said.id}/revoke`)
      expect(await findings('acme/app', 'v1', '?suppressed=true')).toEqual([])

      // Who may not pull learns nothing.
      await nodes.first.createUser('eve', 'the quiet lamp of Tuesday', 'none')
      const eve = { authorization: basic('eve', 'the quiet lamp of Tuesday') }
      for (const rest of ['scan', 'findings', 'packages', 'report?format=csv', 'sbom', 'sboms']) {
        const answer = await ask(nodes.first.url, {
          path: `/api/v1${path('acme/app', 'v1', rest)}`,
          headers: eve,
        })
        expect([rest, answer.status]).toEqual([rest, 404])
      }
      const search = await ask(nodes.first.url, {
        path: '/api/v1/packages?name=openssl',
        headers: eve,
      })
      expect(readJson<Page<unknown>>(search).items).toEqual([])
    })

    test('reports and bills of materials, search by version, and what two images differ in', async () => {
      await useAdvisories([openssl])
      await pushImage(nodes.registry, 'acme/app', 'old', [debianLayer({ openssl: '3.0.11-1' })])
      await pushImage(nodes.registry, 'acme/app', 'new', [
        debianLayer({ openssl: '3.0.13-1', curl: '8.0-1' }),
      ])
      await scanned('acme/app', 'old')
      const { digest } = await scanned('acme/app', 'new')
      for (const format of ['trivy', 'sarif', 'cyclonedx', 'spdx', 'csv', 'harbor']) {
        const answer = await nodes.registry.send(
          'GET',
          `/api/v1${path('acme/app', 'old', `report?format=${format}`)}`,
        )
        expect([format, answer.status]).toEqual([format, 200])
        // SPDX knows only addresses of advisories.
        expect(answer.body.toString()).toContain(format === 'spdx' ? 'openssl' : 'CVE-2026-1')
      }
      expect(await nodes.manage('GET', path('acme/app', 'old', 'diff?to=new'))).toMatchObject({
        added: [{ name: 'curl', version: '8.0-1' }],
        removed: [],
        changed: [{ name: 'openssl', before: ['3.0.11-1'], after: ['3.0.13-1'] }],
      })
      const hits = await nodes.manage<Page<{ version: string; tags: string[] }>>(
        'GET',
        `/packages?name=openssl&version=${encodeURIComponent('<3.0.13-1')}`,
      )
      expect(hits.items).toMatchObject([{ version: '3.0.11-1', tags: ['old'] }])

      const published = await nodes.manage<{ digest: string; subject: string }>(
        'POST',
        path('acme/app', 'new', 'sbom'),
        { format: 'cyclonedx' },
      )
      expect(published.subject).toBe(digest)
      const { items } = await nodes.manage<{ items: { manifest: string; blob: string }[] }>(
        'GET',
        path('acme/app', 'new', 'sboms'),
      )
      expect(items).toMatchObject([
        { manifest: published.digest, format: 'cyclonedx', how: 'referrer' },
      ])
      const packages = await nodes.manage<Page<{ name: string }>>(
        'GET',
        `/repositories/acme%2Fapp/sboms/${items[0]?.blob}/packages`,
      )
      expect(packages.items.map(({ name }) => name).toSorted()).toEqual(['curl', 'openssl'])
      const overview = await nodes.manage('GET', '/projects/acme/findings/overview')
      expect(overview).toMatchObject({
        images: 2,
        scanned: 2,
        worst: [{ repository: 'acme/app', tags: ['old'], worstScore: 9.8 }],
        upgrades: [{ package: 'deb:openssl', version: '3.0.13-1', findings: 1, images: 1 }],
      })
    })

    test('what cannot be read is said and never clean; artifacts are not scanned', async () => {
      const garbage = Buffer.from('this is no archive at all')
      const layers = [
        debianLayer({ openssl: '3.0.11-1' }),
        { blob: garbage, diffId: digestOf(garbage) },
      ]
      await pushImage(nodes.registry, 'acme/broken', 'v1', layers)
      const broken = await scanned('acme/broken', 'v1', 0)
      expect(broken).toMatchObject({ state: 'catalogued', packages: 1 })
      expect(broken.notCovered.some(({ path: place }) => place.includes(digestOf(garbage)))).toBe(
        true,
      )

      const lie = digestOf('another layer')
      await pushImage(nodes.registry, 'acme/lie', 'v1', [tarLayer({ a: 'b' })], { diffIds: [lie] })
      const lying = await scanned('acme/lie', 'v1', 0)
      expect(lying.notCovered).toMatchObject([{ path: 'layer 1' }])
      expect(lying.notCovered[0]?.reason).toContain(lie)

      await pushImage(nodes.registry, 'acme/failed', 'v1', layers, { config: 'no JSON' })
      const failed = await scanned('acme/failed', 'v1', 0)
      expect(failed).toMatchObject({
        state: 'failed',
        reason: 'The configuration is not JSON that Berth reads.',
      })
      const why = await nodes.registry.send(
        'GET',
        `/api/v1${path('acme/failed', 'v1', 'findings')}`,
      )
      expect([why.status, why.body.toString()]).toEqual([
        409,
        expect.stringContaining('is not JSON that Berth reads'),
      ])

      const chart = {
        mediaType: 'application/vnd.cncf.helm.config.v1+json',
        digest: digestOf('{}'),
        size: 2,
      }
      await nodes.registry.pushBlob('acme/chart', '{}')
      await nodes.registry.pushManifest('acme/chart', 'v1', {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: chart,
        layers: [],
      })
      expect((await readScan('acme/chart', 'v1')).scans).toMatchObject([{ state: 'none' }])
      expect((await nodes.registry.send('GET', '/v2/')).status).toBe(200)
    })

    test('the platforms of an index, each for itself', async () => {
      const amd = await pushImage(nodes.registry, 'acme/multi', undefined, [
        debianLayer({ a: '1' }),
      ])
      const arm = await pushImage(
        nodes.registry,
        'acme/multi',
        undefined,
        [debianLayer({ b: '1' })],
        {
          architecture: 'arm64',
        },
      )
      const child = (digest: string, architecture: string, os = 'linux') => ({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        size: 1,
        platform: { os, architecture },
      })
      const { body } = await nodes.registry.send('GET', `/v2/acme/multi/manifests/${amd}`)
      const size = body.length
      const index = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [child(amd, 'amd64'), child(arm, 'arm64')].map((one) => ({ ...one, size })),
      }
      const pushed = await nodes.registry.pushManifest('acme/multi', 'v1', index, index.mediaType)
      expect(pushed.status).toBe(201)
      const { scans } = await until(async () => {
        const found = await readScan('acme/multi', 'v1')
        return found.scans.every(({ state }) => state === 'catalogued') ? found : undefined
      })
      expect(scans).toMatchObject([
        { digest: amd, platform: 'linux/amd64' },
        { digest: arm, platform: 'linux/arm64' },
      ])
      const { items } = await nodes.manage<Page<{ name: string }>>(
        'GET',
        path('acme/multi', 'v1', 'packages?platform=linux/arm64'),
      )
      expect(items.map(({ name }) => name)).toEqual(['b'])
    })
  })
}
