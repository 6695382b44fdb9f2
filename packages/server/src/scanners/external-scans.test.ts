import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type AdapterFault,
  type AdapterOptions,
  openHarborAdapter,
  type StandInAdapter,
} from '../../../../test/stand-ins/harbor-adapter.ts'
import { dumpDatabase } from '../testing/dump-database.ts'
import { ask, basic } from '../testing/http-client.ts'
import { testDatabases } from '../testing/open-test-databases.ts'
import { type TestNodes, openTestNodes } from '../testing/open-test-nodes.ts'
import { debianLayer, pushImage, writeAdvisories } from '../testing/scan-fixtures.ts'

type Scan = {
  scanner: string
  digest: string
  platform: string | null
  state: string
  reason: string | null
  product: string | null
  dataBuiltAt: string | null
  counts: Record<string, number>
  finishedAt: string | null
}
type Scans = { digest: string; items: Scan[] }

const slow = 120_000
const password = 'the quiet lamp of Tuesday'
const vulnerabilities = [
  {
    id: 'CVE-2026-9',
    package: 'zlib1g',
    version: '1.2.13',
    fix_version: '',
    severity: 'Low',
    links: null,
  },
  {
    id: 'CVE-2026-1',
    package: 'openssl',
    version: '3.0.11-1',
    fix_version: '3.0.13-1',
    severity: 'Critical',
    description: 'A mistake',
    links: ['https://example.org/CVE-2026-1'],
    preferred_cvss: { score_v3: 9.8, vector_v3: 'CVSS:3.1/AV:N' },
  },
]

for (const engine of testDatabases) {
  describe.skipIf(!engine.available)(`other scanners on ${engine.name}`, { timeout: slow }, () => {
    let nodes: TestNodes
    let adapter: StandInAdapter

    beforeEach(async () => {
      nodes = await openTestNodes(engine, {
        outbound: { allowedNetworks: ['127.0.0.1'] },
        scanners: { timeoutMinutes: 0.1 },
      })
    }, slow)

    afterEach(async () => {
      await nodes.close()
      await adapter.close()
    }, slow)

    const path = (repository: string, reference: string, rest = '') =>
      `/repositories/${encodeURIComponent(repository)}/manifests/${reference}/external-scans${rest}`

    async function register(options: AdapterOptions = {}, body: object = {}) {
      adapter = await openHarborAdapter({ vulnerabilities, ...options })
      return nodes.manage('PUT', '/system/scanners/stand-in', { address: adapter.url, ...body })
    }

    async function scanned(repository: string, reference: string): Promise<Scan[]> {
      await nodes.manage('POST', path(repository, reference), { scanner: 'stand-in' })
      for (;;) {
        const { items } = await nodes.manage<Scans>('GET', path(repository, reference))
        if (items.every(({ state }) => state === 'done' || state === 'failed')) return items
        await wait(50)
      }
    }

    const image = (tag = 'v1') =>
      pushImage(nodes.registry, 'acme/app', tag, [debianLayer({ openssl: '3.0.11-1' })])

    test('an adapter is registered, tested, asked, and its report stands beside that of Berth', async () => {
      for (const { dataDirectory } of nodes.nodes) {
        await writeAdvisories(join(dataDirectory, 'advisories', 'advisories.db'), [
          { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8 },
        ])
      }
      const key = 'the-key-of-the-adapter'
      const authorization = { kind: 'apiKey', key }
      expect(
        await register({ headers: { 'x-scanneradapter-api-key': key } }, { authorization }),
      ).toMatchObject({ name: 'stand-in', kind: 'harbor', authorization: 'apiKey' })
      expect(await nodes.manage('POST', '/system/scanners/stand-in/test')).toMatchObject({
        product: 'Stand-in',
        version: '1.2.3',
        reportType: 'application/vnd.security.vulnerability.report; version=1.1',
        databaseUpdatedAt: '2026-11-20T00:00:00.000Z',
      })
      const digest = await image()
      const [scan] = await scanned('acme/app', 'v1')
      expect(scan).toMatchObject({
        digest,
        state: 'done',
        product: 'Stand-in 1.2.3 (Tests)',
        dataBuiltAt: '2026-11-20T00:00:00.000Z',
        counts: { critical: 1, low: 1, high: 0 },
      })
      expect(adapter.pulls).toEqual([200])
      // Berth's own scan is done soon as well.
      const isOwnDone = async () => {
        const { scans } = await nodes.manage<{ scans: { matchedAt: string | null }[] }>(
          'GET',
          '/repositories/acme%2Fapp/manifests/v1/scan',
        )
        return scans[0]?.matchedAt != null
      }
      while (!(await isOwnDone())) await wait(100)
      const first = await nodes.manage<{ items: object[]; next: string }>(
        'GET',
        path('acme/app', 'v1', '/stand-in/findings?limit=1'),
      )
      expect(first.items).toMatchObject([
        {
          vulnerability: 'CVE-2026-1',
          severity: 'critical',
          score: 9.8,
          fixedVersion: '3.0.13-1',
          isFoundByBerth: true,
        },
      ])
      const rest = await nodes.manage<{ items: object[]; next: null }>(
        'GET',
        path('acme/app', 'v1', `/stand-in/findings?limit=1&after=${first.next}`),
      )
      expect(rest).toMatchObject({
        items: [{ vulnerability: 'CVE-2026-9', fixedVersion: null, isFoundByBerth: false }],
        next: null,
      })
      // Nothing of it is among what Berth found.
      const own = await nodes.manage<{ items: { vulnerability: string }[] }>(
        'GET',
        '/repositories/acme%2Fapp/manifests/v1/findings',
      )
      expect(own.items.map(({ vulnerability }) => vulnerability)).toEqual(['CVE-2026-1'])
      const raw = await nodes.manage<{ vulnerabilities: unknown }>(
        'GET',
        path('acme/app', 'v1', '/stand-in/report'),
      )
      expect(raw.vulnerabilities).toEqual(vulnerabilities)
      expect(await dumpDatabase(nodes.first.app.database)).not.toContain(key)

      // The token ends with the scanner, and so do the reports.
      const { authorization: token } = adapter.scans[0]?.registry ?? { authorization: '' }
      const pull = (authorization: string, repository = 'acme/app') =>
        ask(nodes.first.url, {
          path: `/v2/${repository}/manifests/${digest}`,
          headers: { authorization },
        })
      expect((await pull(token)).status).toBe(200)
      await nodes.manage('DELETE', '/system/scanners/stand-in')
      expect((await pull(token)).status).toBe(401)
      expect(await nodes.manage('GET', path('acme/app', 'v1'))).toMatchObject({ items: [] })
    })

    test('what a scanner is given pulls from one repository, past policies, and does nothing else', async () => {
      await register({ registryAuthorization: 'Basic' })
      const digest = await image()
      await pushImage(nodes.registry, 'acme/other', 'v1', [debianLayer({ a: '1' })])
      const rules = '  - name: gate\n    requireSbom: {}'
      await nodes.manage('PUT', '/projects/acme/policy', {
        document: `apiVersion: berth/v1\nrules:\n${rules}\n`,
      })
      await nodes.first.createUser('reader', password, 'reader')
      const blocked = await ask(nodes.first.url, {
        path: `/v2/acme/app/manifests/${digest}`,
        headers: { authorization: basic('reader', password) },
      })
      expect([blocked.status, blocked.body.toString()]).toEqual([
        403,
        expect.stringContaining('blocked by Berth policy'),
      ])
      const [scan] = await scanned('acme/app', 'v1')
      expect([scan?.state, scan?.reason, adapter.pulls]).toEqual(['done', null, [200]])
      const { authorization } = adapter.scans[0]?.registry ?? { authorization: '' }
      expect(authorization).toMatch(/^Basic /)
      const send = (method: string, where: string) =>
        ask(nodes.first.url, { method, path: where, headers: { authorization } })
      // As clients of registries do: the password buys a token, for no more than it is good for itself.
      const bought = await send(
        'GET',
        '/token?scope=repository:acme/app:pull,push&scope=repository:acme/other:pull&scope=registry:catalog:*',
      )
      const { scope } = JSON.parse(bought.body.toString()) as { scope: string }
      expect(scope).toBe('repository:acme/app:pull')
      const statuses = [
        (await send('GET', `/v2/acme/app/manifests/${digest}`)).status,
        (await send('GET', '/v2/acme/other/manifests/v1')).status,
        (await send('POST', '/v2/acme/app/blobs/uploads/')).status,
        (await send('DELETE', `/v2/acme/app/manifests/${digest}`)).status,
        (await send('GET', '/v2/_catalog')).status,
        (await send('GET', '/api/v1/users')).status,
        (await send('GET', '/api/v1/repositories/acme%2Fapp/manifests/v1/scan')).status,
      ]
      expect(statuses).toEqual([200, 401, 401, 401, 401, 401, 401])
    })

    test('each image of an index is looked at, by an adapter of version 1.0 too', async () => {
      await register({ isOld: true })
      const children = []
      for (const architecture of ['amd64', 'arm64']) {
        const digest = await pushImage(
          nodes.registry,
          'acme/multi',
          undefined,
          [debianLayer({ [architecture]: '1' })],
          { architecture },
        )
        const { body } = await nodes.registry.send('GET', `/v2/acme/multi/manifests/${digest}`)
        const mediaType = 'application/vnd.oci.image.manifest.v1+json'
        children.push({
          mediaType,
          digest,
          size: body.length,
          platform: { os: 'linux', architecture },
        })
      }
      const mediaType = 'application/vnd.oci.image.index.v1+json'
      const index = { schemaVersion: 2, mediaType, manifests: children }
      await nodes.registry.pushManifest('acme/multi', 'v1', index, mediaType)
      const scans = await scanned('acme/multi', 'v1')
      expect(scans).toMatchObject([
        { platform: 'linux/amd64', state: 'done', digest: children[0]?.digest },
        { platform: 'linux/arm64', state: 'done', digest: children[1]?.digest },
      ])
      const found = await nodes.manage<{ items: object[] }>(
        'GET',
        path('acme/multi', 'v1', '/stand-in/findings?platform=linux/arm64'),
      )
      expect(found.items).toHaveLength(2)
    })

    test('what is wrong with a report is said, and the former one stays', async () => {
      await register()
      await image()
      const [good] = await scanned('acme/app', 'v1')
      const reasons: Partial<Record<AdapterFault, string>> = {
        neverReady: 'There was no report within',
        redirectsElsewhere: 'There was no report within',
        garbage: 'sent a report that is not JSON',
        notAReport: 'is no vulnerability report',
        huge: 'answers with more than',
        error: 'It says: the database of vulnerabilities is broken',
        notImplemented: 'does not make reports of this type (501)',
        forgets: 'knows nothing of the scan that it took (404)',
      }
      for (const [fault, reason] of Object.entries(reasons)) {
        adapter.fault = fault as AdapterFault
        const [scan] = await scanned('acme/app', 'v1')
        expect([fault, scan?.state]).toEqual([fault, 'failed'])
        expect(scan?.reason).toContain(reason)
        expect(scan).toMatchObject({ finishedAt: good?.finishedAt, counts: good?.counts })
        await nodes.first.app.database.transaction((tx) => tx.deleteFrom('jobs').execute())
      }
      expect(adapter.strays).toBe(0)
    })

    test('who may do what, and bad registrations', async () => {
      await register()
      await image()
      const refused = async (method: string, where: string, body?: object) =>
        nodes.manage(method, where, body).then(
          () => 'nothing',
          (error: unknown) => String(error),
        )
      expect(await refused('PUT', '/system/scanners/trivy', { address: adapter.url })).toContain(
        '409',
      )
      expect(
        await refused('PUT', '/system/scanners/x', { address: 'ftp://example.org' }),
      ).toContain('400')
      expect(await refused('POST', path('acme/app', 'v1'), { scanner: 'nobody' })).toContain('404')
      await nodes.manage('PUT', '/system/scanners/inner', { address: 'http://10.0.0.1:8080' })
      expect(await refused('POST', '/system/scanners/inner/test')).toContain(
        'outbound.allowedNetworks',
      )
      await nodes.manage('PUT', '/system/scanners/closed', {
        address: adapter.url,
        authorization: { kind: 'basic', name: 'berth', password: 'x' },
      })
      await nodes.manage('PUT', '/system/scanners/wrong', { address: `${adapter.url}/no` })
      expect(await refused('POST', '/system/scanners/wrong/test')).toContain('without /api/v1')

      await nodes.first.createUser('eve', password, 'reader')
      const eve = { authorization: basic('eve', password) }
      const asEve = async (method: string, where: string, body?: object) =>
        nodes.manage(method, where, body, eve).then(
          () => 'nothing',
          (error: unknown) => /: (\d{3}) /.exec(String(error))?.[1],
        )
      expect([
        await asEve('GET', '/system/scanners'),
        await asEve('PUT', '/system/scanners/x', { address: adapter.url }),
        await asEve('GET', path('acme/app', 'v1')),
        await asEve('POST', path('acme/app', 'v1'), { scanner: 'stand-in' }),
      ]).toEqual(['403', '403', 'nothing', '403'])
    })
  })
}
