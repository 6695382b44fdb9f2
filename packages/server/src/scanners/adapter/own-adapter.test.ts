import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, basic, digestOf, readJson, RegistryClient } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'
import { debianLayer, pushImage, tarLayer, writeAdvisories } from '../../testing/scan-fixtures.ts'

type Scan = { state: string; reason: string | null; product: string | null; counts: object }

const slow = 120_000
const token = 'the token of the scanner'.replaceAll(' ', '-')
const reportType = 'application/vnd.security.vulnerability.report; version=1.1'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const loopback = { outbound: { allowedNetworks: ['127.0.0.1'] } }

let scanner: TestServer
let server: TestServer
let foreign: Server | undefined

beforeEach(async () => {
  scanner = await openTestServer({
    ...loopback,
    scanners: { adapter: { enabled: true, token } },
  })
  await writeAdvisories(join(scanner.dataDirectory, 'advisories', 'advisories.db'), [
    { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8 },
    { cve: 'CVE-2026-2', package: 'zlib1g', score: 5.3 },
  ])
  server = await openTestServer({ ...loopback, scan: { enabled: false } })
}, slow)

afterEach(async () => {
  await server.close()
  await scanner.close()
  foreign?.close()
  foreign = undefined
}, slow)

function adapter(
  method: string,
  path: string,
  more: { headers?: Record<string, string>; body?: string } = {},
) {
  const headers = { authorization: `Bearer ${token}`, ...more.headers }
  return ask(scanner.url, { ...more, method, path: `/adapter/api/v1${path}`, headers })
}

async function reportOf(registry: object, artifact: object) {
  const body = JSON.stringify({ registry, artifact })
  const taken = await adapter('POST', '/scan', { body })
  expect(taken.status).toBe(202)
  const { id } = readJson<{ id: string }>(taken)
  for (;;) {
    const headers = { accept: reportType }
    const answer = await adapter('GET', `/scan/${id}/report`, { headers })
    if (answer.status !== 302) return answer
    expect(answer.headers['refresh-after']).toBe('5')
    await wait(50)
  }
}

test(
  'one Berth is the scanner of another, which blocks that very image',
  async () => {
    const registry = new RegistryClient(server.url, server.admin)
    const headers = { authorization: basic(server.admin.name, server.admin.password) }
    const manage = async <T>(method: string, path: string, content?: object) => {
      const answer = await ask(server.url, {
        method,
        path: `/api/v1${path}`,
        headers: { ...headers, ...(content && { 'content-type': 'application/json' }) },
        ...(content && { body: JSON.stringify(content) }),
      })
      expect([path, answer.status < 300, answer.body.toString()]).toMatchObject([path, true, {}])
      return readJson<T>(answer)
    }
    await manage('PUT', '/system/scanners/berth', {
      address: `${scanner.url}/adapter`,
      authorization: { kind: 'bearer', token },
    })
    expect(await manage('POST', '/system/scanners/berth/test')).toMatchObject({
      product: 'Berth',
      reportType,
    })
    await pushImage(registry, 'acme/app', 'v1', [
      debianLayer({ openssl: '3.0.11-1', zlib1g: '1:1.2.13' }),
      tarLayer({ 'etc/motd': 'hello' }),
    ])
    await manage('PUT', '/projects/acme/policy', {
      document: 'apiVersion: berth/v1\nrules:\n  - { name: gate, requireSbom: {} }\n',
    })
    const where = '/repositories/acme%2Fapp/manifests/v1/external-scans'
    await manage('POST', where, { scanner: 'berth' })
    let scan: Scan | undefined
    do {
      await wait(100)
      ;[scan] = (await manage<{ items: Scan[] }>('GET', where)).items
    } while (scan?.state !== 'done' && scan?.state !== 'failed')
    expect(scan).toMatchObject({
      state: 'done',
      reason: null,
      counts: { critical: 1, medium: 1, high: 0 },
    })
    expect(scan.product).toMatch(/^Berth \d/)
    const findings = await manage<{ items: object[] }>('GET', `${where}/berth/findings`)
    expect(findings.items).toMatchObject([
      { vulnerability: 'CVE-2026-1', package: 'openssl', fixedVersion: '3.0.13-1', score: 9.8 },
      { vulnerability: 'CVE-2026-2', package: 'zlib1g', fixedVersion: null },
    ])
  },
  slow,
)

test('it is for who has the token, and says what is wrong with a request', async () => {
  const statuses = [
    (await adapter('GET', '/metadata', { headers: { authorization: '' } })).status,
    (await adapter('GET', '/metadata', { headers: { authorization: 'Bearer wrong' } })).status,
    (
      await adapter('GET', '/metadata', {
        headers: { authorization: '', 'x-scanneradapter-api-key': token },
      })
    ).status,
    (await adapter('GET', '/nothing')).status,
    (await adapter('POST', '/scan', { body: '{' })).status,
    (await adapter('POST', '/scan', { body: JSON.stringify({ registry: {} }) })).status,
    (await adapter('POST', '/scan', { body: 'x'.repeat(100_000) })).status,
    (await adapter('GET', '/scan/00000000-0000-4000-8000-000000000000/report')).status,
    (await ask(server.url, { path: '/adapter/api/v1/metadata' })).status,
  ]
  expect(statuses).toEqual([401, 401, 200, 404, 400, 400, 400, 404, 404])
})

test(
  'a registry that lies, refuses or leads elsewhere is an answer of 500 in words',
  async () => {
    const layer = debianLayer({ openssl: '3.0.11-1' })
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf('{}'),
        size: 2,
      },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: digestOf(layer.blob),
          size: layer.blob.length,
        },
      ],
    })
    const served = { manifest, blob: layer.blob, type: manifestType }
    const listener = createServer((request, response) => {
      if (request.headers.authorization !== 'Bearer good') {
        response.writeHead(401).end()
      } else if (request.url?.includes('/manifests/') === true) {
        response.writeHead(200, { 'content-type': served.type }).end(served.manifest)
      } else {
        response.writeHead(200).end(served.blob)
      }
    })
    foreign = listener
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const address = listener.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const look = (authorization: string, url = `http://127.0.0.1:${port}`) =>
      reportOf({ url, authorization }, { repository: 'a/b', digest: digestOf(manifest) })
    const good = await look('Bearer good')
    expect(good.headers['content-type']).toBe(reportType)
    expect(readJson<{ vulnerabilities: object[] }>(good).vulnerabilities).toMatchObject([
      { id: 'CVE-2026-1', package: 'openssl', severity: 'Critical' },
    ])
    const failed = async (...args: Parameters<typeof look>) => {
      const answer = await look(...args)
      expect(answer.status).toBe(500)
      return readJson<{ error: { message: string } }>(answer).error.message
    }
    expect(await failed('Bearer bad')).toContain('answers with 401')
    expect(await failed('Bearer good', 'http://10.1.2.3')).toContain('outbound.allowedNetworks')
    served.blob = Buffer.concat([layer.blob, Buffer.alloc(10)])
    expect(await failed('Bearer good')).toContain('is longer than')
    served.blob = Buffer.from(layer.blob)
    served.blob[20] = (served.blob[20] ?? 0) ^ 1
    expect(await failed('Bearer good')).toContain('is not that')
    served.manifest = `${manifest} `
    expect(await failed('Bearer good')).toContain('is not that')
    served.manifest = 'x'.repeat(5 * 1024 * 1024)
    expect(await failed('Bearer good')).toContain('is longer than')
    served.manifest = manifest
    served.type = 'application/vnd.oci.image.index.v1+json'
    expect(await failed('Bearer good')).toContain('which is no image')
  },
  slow,
)
