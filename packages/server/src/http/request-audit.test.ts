import { describe, expect, it } from 'vitest'
import { artifact, readJson, RegistryClient } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'

type Entry = {
  action: string
  actor: { name: string }
  target: { name: string }
  project: string
  outcome: string
  after: unknown
}

/** Works on a server, stops it, so that everything is written down, and reads the audit log of another on its data. */
async function auditOf(
  pulls: boolean,
  work: (server: TestServer) => Promise<void>,
): Promise<Entry[]> {
  const first = await openTestServer({ audit: { pulls } })
  await work(first)
  await first.stop()
  const second = await openTestServer({}, { dataDirectory: first.dataDirectory })
  try {
    const client = new RegistryClient(second.url, second.admin)
    return readJson<{ items: Entry[] }>(await client.send('GET', '/api/v1/audit?limit=200')).items
  } finally {
    await second.close()
  }
}

describe('the audit log of requests', () => {
  it('tells what was refused to whom, once for the same, and nothing of those without credentials', async () => {
    const password = 'heron basalt umbrella'
    const entries = await auditOf(false, async (server) => {
      await server.createUser('mallory', password, 'none')
      const admin = new RegistryClient(server.url, server.admin)
      await admin.pushBlob('acme/app', '{}')
      await admin.pushManifest('acme/app', 'v1', artifact())
      const mallory = new RegistryClient(server.url, { name: 'mallory', password })
      await mallory.send('DELETE', '/v2/acme/app/manifests/v1')
      await mallory.send('DELETE', '/v2/acme/app/manifests/v1')
      await mallory.send('GET', '/v2/acme/app/manifests/v1')
      await mallory.send('POST', '/api/v1/users', {
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      await new RegistryClient(server.url).send('DELETE', '/v2/acme/app/manifests/v1')
    })
    const refused = entries
      .filter(({ action }) => action.startsWith('refused.'))
      .map(({ action, actor, target, project, outcome, after }) => [
        action,
        actor.name,
        target.name,
        project,
        outcome,
        after,
      ])
    expect(refused).toHaveLength(3)
    expect(refused).toContainEqual([
      'refused.deleteTag',
      'mallory',
      'acme/app',
      'acme',
      'denied',
      expect.objectContaining({ method: 'DELETE', endpoint: 'end-9', count: 2 }),
    ])
    expect(refused).toContainEqual([
      'refused.pull',
      'mallory',
      'acme/app',
      'acme',
      'denied',
      { method: 'GET', endpoint: 'end-3' },
    ])
    expect(refused).toContainEqual([
      'refused.denied',
      'mallory',
      '',
      '',
      'denied',
      { method: 'POST', endpoint: 'createUser' },
    ])
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['project.created', 'repository.created', 'tag.created']),
    )
  })

  it.each([true, false])('tells of pulls when it is asked to: %s', async (pulls) => {
    const entries = await auditOf(pulls, async (server) => {
      const admin = new RegistryClient(server.url, server.admin)
      await admin.pushBlob('acme/app', '{}')
      await admin.pushManifest('acme/app', 'v1', artifact())
      for (const method of ['HEAD', 'GET', 'GET']) {
        expect((await admin.send(method, '/v2/acme/app/manifests/v1')).status).toBe(200)
      }
      const content = '/api/v1/repositories/acme%2Fapp/manifests/v1/content'
      expect((await admin.send('GET', content)).status).toBe(200)
    })
    const pulled = entries.filter(({ action }) => action === 'manifest.pulled')
    expect(pulled.map(({ project, after }) => [project, after])).toEqual(
      pulls ? [['acme', expect.objectContaining({ count: 3 })]] : [],
    )
  })
})
