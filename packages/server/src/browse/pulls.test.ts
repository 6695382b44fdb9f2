import { describe, expect, test } from 'vitest'
import { ask, basic, readJson, RegistryClient } from '../testing/http-client.ts'
import { testDatabases } from '../testing/open-test-databases.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'
import { pushImage, tarLayer } from '../testing/scan-fixtures.ts'
import { openMemory } from '../storage/memory.ts'

type Pulled = { pulls: number; lastPulledAt: string | null }

for (const engine of testDatabases) {
  describe.skipIf(!engine.available)(`pulls on ${engine.name}`, { timeout: 60_000 }, () => {
    test('each GET of a manifest counts, by tag or digest, and is there after a restart', async () => {
      const place = await engine.reserve()
      const storage = openMemory()
      let now = Date.parse('2026-06-01T00:00:00.000Z')
      const open = () =>
        openTestServer({ metadata: place.metadata }, { storage, clock: () => new Date(now) })
      const read = async ({ url, admin }: TestServer, path: string): Promise<Pulled> =>
        readJson(
          await ask(url, {
            method: 'GET',
            path: `/api/v1/repositories/acme%2Fapp${path}`,
            headers: { authorization: basic(admin.name, admin.password) },
          }),
        )
      let server = await open()
      try {
        const registry = new RegistryClient(server.url, server.admin)
        const digest = await pushImage(registry, 'acme/app', 'v1', [tarLayer({ a: 'a' })])
        await pushImage(registry, 'acme/app', 'v2', [tarLayer({ b: 'b' })])
        const pull = (method: string, reference: string) =>
          registry.send(method, `/v2/acme/app/manifests/${reference}`)
        expect((await pull('GET', 'v1')).status).toBe(200)
        expect((await pull('HEAD', 'v1')).status).toBe(200)
        expect((await pull('GET', 'missing')).status).toBe(404)
        now += 60_000
        expect((await pull('GET', digest)).status).toBe(200)
        // Looking at it is no pull.
        await read(server, '/manifests/v1')
        await read(server, '/tags/v1')
        await server.close()
        server = await open()
        const twice = { pulls: 2, lastPulledAt: '2026-06-01T00:01:00.000Z' }
        expect(await read(server, '/tags/v1')).toMatchObject(twice)
        expect(await read(server, '/tags/v2')).toMatchObject({ pulls: 0, lastPulledAt: null })
        expect(await read(server, '')).toMatchObject(twice)
      } finally {
        await server.close()
        await place.remove()
      }
    })
  })
}
