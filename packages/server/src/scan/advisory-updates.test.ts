import { zipOf } from '@berth/scanner/advisories/testing/osv-files.ts'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { basic, readJson, RegistryClient } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'

type Outcome = { source: string; state: string; message?: string }
type State = {
  revision: number
  builtAt: string | null
  sources: { name: string; records: number }[]
  update: {
    isEnabled: boolean
    lastRun: { state: string; hasFailed: boolean; sources: Outcome[] } | null
  }
}
type Job = { id: string; state: string; error: string | null; result: { sources: Outcome[] } }

const slow = 120_000
const now = '/api/v1/advisories/update'

describe('fetching advisories', { timeout: slow }, () => {
  let publisher: Server
  let base: string
  let asked: string[]
  let files: Record<string, { etag: string; body: Buffer } | undefined>
  let server: TestServer
  let client: RegistryClient

  beforeEach(async () => {
    asked = []
    files = {}
    publisher = createServer((request, response) => {
      const path = request.url ?? ''
      asked.push(path)
      const found = files[path]
      if (found === undefined) response.writeHead(404).end()
      else if (request.headers['if-none-match'] === found.etag) response.writeHead(304).end()
      else response.writeHead(200, { etag: found.etag }).end(found.body)
    })
    publisher.listen(0, '127.0.0.1')
    await once(publisher, 'listening')
    base = `http://127.0.0.1:${(publisher.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    await server.close()
    publisher.closeAllConnections()
    publisher.close()
  }, slow)

  async function open(allowedNetworks: string[], update: { enabled?: boolean } = {}) {
    const addresses = { osv: base, epss: `${base}/epss`, kev: `${base}/kev`, grype: `${base}/g` }
    const more = { sources: ['osv', 'kev'] as const, ecosystems: ['Debian', 'Rocky Linux'] }
    server = await openTestServer({
      outbound: { allowedNetworks },
      scan: {
        advisories: { update: { ...addresses, ...more, sources: [...more.sources], ...update } },
      },
    })
    client = new RegistryClient(server.url, server.admin)
  }

  const state = async () => readJson<State>(await client.send('GET', '/api/v1/advisories'))

  /** Asks for an update, and waits for its end or its first failure. */
  async function update(): Promise<Job> {
    const answer = await client.send('POST', now)
    expect(answer.status).toBe(202)
    const { id } = readJson<Job>(answer)
    for (;;) {
      const job = readJson<Job>(await client.send('GET', `/api/v1/jobs/${id}`))
      if (job.state === 'succeeded' || job.error !== null) return job
      await wait(100)
    }
  }

  test('what was published is in force, only changes are fetched, and a source that fails keeps its data', async () => {
    await open(['127.0.0.1'], { enabled: true })
    files['/Debian/all.zip'] = debian('CVE-2026-1001', '"1"')
    files['/kev'] = kev('CVE-2026-1001')
    const first = await update()
    expect(first.result.sources).toMatchObject([
      { source: 'osv/Debian', state: 'updated', records: 1 },
      { source: 'osv/Rocky Linux', state: 'failed', message: expect.stringContaining('404') },
      { source: 'kev', state: 'updated', records: 1 },
    ])
    const before = await state()
    expect(before).toMatchObject({
      revision: 1,
      sources: [{ name: 'kev' }, { name: 'osv/Debian', records: 1 }],
      update: { isEnabled: true, lastRun: { state: 'succeeded', hasFailed: false } },
    })
    expect(before.update.lastRun?.sources[1]).toEqual({
      source: 'osv/Rocky Linux',
      state: 'failed',
    })

    files['/kev'] = undefined
    const second = await update()
    expect(second.result.sources.map((one) => one.state)).toEqual(['unchanged', 'failed', 'failed'])
    files['/Debian/all.zip'] = { etag: '"2"', body: Buffer.from('no archive') }
    const third = await update()
    expect(third).toMatchObject({ error: expect.stringContaining('No source of advisories') })
    expect(third.error).not.toContain(server.dataDirectory)
    const { revision, builtAt, sources } = before
    expect(await state()).toMatchObject({
      revision,
      builtAt,
      sources,
      update: { lastRun: { hasFailed: true } },
    })
    const left = await readdir(join(server.dataDirectory, 'advisories'))
    expect(left.filter((name) => !name.startsWith('advisories.db.lock')).toSorted()).toEqual([
      'advisories.db',
    ])
  })

  test('an address that outbound does not allow is not asked', async () => {
    await open([], { enabled: true })
    expect(await update()).toMatchObject({ error: expect.stringContaining('is not asked') })
    expect(asked).toEqual([])
    expect(await state()).toMatchObject({ revision: 0 })
  })

  test('nobody is asked unless it is switched on, and only an administrator asks for it', async () => {
    await open(['127.0.0.1'])
    const answer = await client.send('POST', now)
    expect([answer.status, answer.body.toString()]).toEqual([
      409,
      expect.stringContaining('scan.advisories.update.enabled'),
    ])
    await server.createUser('bob', 'the quiet lamp of Tuesday', 'maintainer')
    const bob = { authorization: basic('bob', 'the quiet lamp of Tuesday') }
    expect((await client.send('POST', now, { headers: bob })).status).toBe(403)
    expect((await state()).update).toEqual({ isEnabled: false, lastRun: null })
    expect(asked).toEqual([])
  })
})

function debian(cve: string, etag: string) {
  const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.13-1' }] }]
  const record = {
    schema_version: '1.7.3',
    id: `DEBIAN-${cve}`,
    modified: '2026-05-01T00:00:00Z',
    upstream: [cve],
    affected: [{ package: { ecosystem: 'Debian:12', name: 'openssl' }, ranges }],
  }
  return { etag, body: zipOf([['1.json', JSON.stringify(record)]]) }
}

function kev(cveID: string) {
  const catalogue = {
    catalogVersion: '2026.05.01',
    dateReleased: '2026-05-01T00:00:00.000Z',
    count: 1,
    vulnerabilities: [{ cveID, dateAdded: '2026-04-01' }],
  }
  return { etag: '"kev"', body: Buffer.from(JSON.stringify(catalogue)) }
}
