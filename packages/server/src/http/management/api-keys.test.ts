import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dumpDatabase } from '../../testing/dump-database.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { openTestMachines, type TestMachines } from '../../testing/open-test-machines.ts'
import { testCaller, type TestManagement } from '../../testing/open-test-management.ts'
import { apiKeyRoutes } from './api-keys.ts'

const person = (name: string, credentials: 'password' | 'key' | 'token' = 'password') =>
  testCaller({
    actor: { kind: 'user', id: `id-${name}`, name },
    credentials,
    mayInstance: () => false,
  })

describe.each(testDatabases)('keys in the management API on $name', (engine) => {
  describe.skipIf(!engine.available)('with projects and users', () => {
    let test: TestDatabase
    let api: TestManagement
    let send: TestMachines['send']
    beforeAll(async () => {
      test = await engine.open()
      ;({ api, send } = await openTestMachines(test.database, apiKeyRoutes))
    })
    afterAll(async () => {
      expect(api.failures).toEqual([])
      await api.close()
      await test.close()
    })
    beforeEach(async () => {
      api.setCaller(testCaller())
      await test.database.transaction((tx) => tx.deleteFrom('api_keys').execute())
    })

    const make = (body: object) => send('POST', '/account/keys', { body })

    it('are made, listed and revoked by their user', async () => {
      api.setCaller(person('alice'))
      const created = await make({ name: 'laptop', actions: ['pull'] })
      expect(created.status).toBe(201)
      expect(created.body).toEqual({
        secret: expect.stringMatching(/^berth_key_/),
        key: expect.objectContaining({ userName: 'alice', actions: ['pull'], repositories: null }),
      })
      expect((await send('GET', '/account/keys')).body.items).toEqual([created.body.key])
      expect((await send('DELETE', `/account/keys/${created.body.key.id}`)).status).toBe(204)
      expect((await send('GET', '/account/keys')).body.items).toEqual([])
    })

    it('are out of reach for other users, but not for administrators', async () => {
      api.setCaller(person('alice'))
      const { key } = (await make({ name: 'laptop' })).body
      api.setCaller(person('bob'))
      expect((await send('GET', '/account/keys')).body.items).toEqual([])
      expect((await send('DELETE', `/account/keys/${key.id}`)).status).toBe(404)
      expect((await send('GET', '/users/alice/keys')).status).toBe(403)
      expect((await send('DELETE', `/users/alice/keys/${key.id}`)).status).toBe(403)
      api.setCaller(testCaller())
      expect((await send('GET', '/users/alice/keys')).body.items).toEqual([key])
      expect((await send('DELETE', `/users/bob/keys/${key.id}`)).status).toBe(404)
      expect((await send('DELETE', `/users/alice/keys/${key.id}`)).status).toBe(204)
      expect((await send('GET', '/users/alice/keys')).body.items).toEqual([])
    })

    // Harbor CVE-2019-16097: something in the body that the caller was not meant to set.
    it.each([{ userId: 'id-bob' }, { userName: 'bob' }, { secret: 'x' }, { secretHash: 'x' }])(
      'are refused with %j in the body',
      async (more) => {
        api.setCaller(person('alice'))
        expect((await make({ name: 'laptop', ...more })).status).toBe(400)
      },
    )

    it.each(['key', 'token'] as const)('are not made with a %s', async (credentials) => {
      api.setCaller(person('alice', credentials))
      expect((await make({ name: 'laptop' })).status).toBe(403)
      api.setCaller(person('alice'))
      expect((await make({ name: 'laptop' })).status).toBe(201)
    })

    it('are kept nowhere, not even to answer the same request again', async () => {
      api.setCaller(person('alice'))
      const request = { body: { name: 'once' }, headers: { 'idempotency-key': 'once' } }
      const created = await send('POST', '/account/keys', request)
      expect(created.status).toBe(201)
      expect((await send('POST', '/account/keys', request)).status).toBe(409)
      expect(await dumpDatabase(test.database)).not.toContain(created.body.secret.slice(10))
    })
  })
})
