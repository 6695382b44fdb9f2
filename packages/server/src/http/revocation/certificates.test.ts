// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { basic } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }

type Asked = { method?: string; headers?: Record<string, string>; body?: unknown }

let folder: string
let server: TestServer
let issue: (commonName: string) => Promise<Agent>
const agents: Agent[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-certificates-'))
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Clients',
    keys,
    signingAlgorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  issue = async (commonName) => {
    const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${commonName}`,
      issuer: authority.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm,
    })
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey))
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const agent = new Agent({
      // One connection for all requests: what is remembered of its certificate must not outlast the right.
      keepAlive: true,
      maxSockets: 1,
      rejectUnauthorized: false,
      cert: certificate.toString('pem'),
      key: key.export({ type: 'pkcs8', format: 'pem' }),
    })
    agents.push(agent)
    return agent
  }
  const caFile = join(folder, 'clients.pem')
  await writeFile(caFile, authority.toString('pem'))
  const rules = [
    { match: { commonName: 'robot-*' }, robot: 'acme+{commonName}' },
    { match: { commonName: '*' }, user: '{commonName}' },
  ]
  server = await openTestServer({
    http: { tls: { kind: 'selfSigned', clientCertificates: { caFile, rules } } },
  })
  expect(await manage('POST', '/projects', { name: 'acme' })).toBe(201)
})
afterAll(async () => {
  for (const agent of agents) agent.destroy()
  await server.close()
  await rm(folder, { recursive: true })
})

function ask(agent: Agent, path: string, { method, headers, body }: Asked = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, server.url),
      { agent, ...(method !== undefined && { method }), ...(headers && { headers }) },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const plain = new Agent({ rejectUnauthorized: false, keepAlive: true })
agents.push(plain)

function manage(method: string, path: string, body?: unknown): Promise<number> {
  const { name, password } = server.admin
  const headers = {
    authorization: basic(name, password),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  return ask(plain, `/api/v1${path}`, { method, headers, body })
}

describe('a client certificate is worth nothing at the next request of the same connection, when', () => {
  const member = (name: string) => `/projects/acme/members/user/${name}`
  const ways: [string, (name: string) => Promise<number>][] = [
    ['the user is disabled', (name) => manage('PATCH', `/users/${name}`, { disabled: true })],
    ['the user is deleted', (name) => manage('DELETE', `/users/${name}`)],
    ['the member is removed', (name) => manage('DELETE', member(name))],
    ['the member gets the role none', (name) => manage('PUT', member(name), { role: 'none' })],
  ]

  it.each(ways)('%s', async (_, revoke) => {
    const name = `person-${agents.length}`
    const user = { name, password: 'heron basalt umbrella' }
    expect(await manage('POST', '/users', user)).toBe(201)
    expect(await manage('PUT', member(name), { role: 'reader' })).toBe(200)
    const agent = await issue(name)
    const tags = '/v2/acme/app/tags/list'
    expect(await ask(agent, tags)).toBe(404)
    expect(await ask(agent, '/api/v1/projects/acme')).toBe(200)
    expect(await revoke(name)).toBeLessThan(300)
    expect([401, 403]).toContain(await ask(agent, tags))
    expect([401, 404]).toContain(await ask(agent, '/api/v1/projects/acme'))
  })

  it('a robot is deleted or disabled', async () => {
    for (const name of ['robot-1', 'robot-2']) {
      expect(await manage('POST', '/projects/acme/robots', { name, actions: ['pull'] })).toBe(201)
    }
    const { robots } = server.app.access
    const { items } = await robots.listRobots({ project: 'acme', limit: 10 })
    const [deleted, disabled] = items
    const [first, second] = [await issue('robot-1'), await issue('robot-2')]
    const tags = '/v2/acme/app/tags/list'
    for (const agent of [first, second]) expect(await ask(agent, tags)).toBe(404)
    const path = (id = '') => `/projects/acme/robots/${id}`
    expect(await manage('DELETE', path(deleted?.id))).toBe(204)
    expect(await ask(first, tags)).toBe(401)
    expect(await manage('PATCH', path(disabled?.id), { disabled: true })).toBe(200)
    expect(await ask(second, tags)).toBe(401)
  })

  it('another site makes the browser show it', async () => {
    const user = { name: 'visited', password: 'heron basalt umbrella' }
    expect(await manage('POST', '/users', user)).toBe(201)
    expect(await manage('PUT', member('visited'), { role: 'developer' })).toBe(200)
    const agent = await issue('visited')
    const uploads = '/v2/acme/app/blobs/uploads/'
    expect(await ask(agent, uploads, { method: 'POST' })).toBe(202)
    const headers = { origin: 'https://evil.example' }
    expect(await ask(agent, uploads, { method: 'POST', headers })).toBe(403)
  })
})
