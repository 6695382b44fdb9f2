import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { ciIssuer, openTestMachines, type TestMachines } from '../../testing/open-test-machines.ts'
import { testCaller, type TestManagement } from '../../testing/open-test-management.ts'
import { workloadRoutes } from './workloads.ts'

const rule = {
  name: 'main',
  issuer: ciIssuer,
  conditions: { sub: 'repo:acme/*' },
  actions: ['pull'],
}

describe.each(testDatabases)('rules for workloads in the management API on $name', (engine) => {
  describe.skipIf(!engine.available)('with projects and users', () => {
    let test: TestDatabase
    let api: TestManagement
    let send: TestMachines['send']
    beforeAll(async () => {
      test = await engine.open()
      ;({ api, send } = await openTestMachines(test.database, workloadRoutes))
    })
    afterAll(async () => {
      expect(api.failures).toEqual([])
      await api.close()
      await test.close()
    })
    beforeEach(async () => {
      api.setCaller(testCaller())
      await test.database.transaction((tx) => tx.deleteFrom('workload_rules').execute())
    })

    it.each(['/projects/acme', ''])('live at %j/workload-rules', async (place) => {
      const created = await send('POST', `${place}/workload-rules`, { body: rule })
      expect([created.status, created.body]).toEqual([201, expect.objectContaining(rule)])
      const path = `${place}/workload-rules/${created.body.id}`
      expect(created.headers.get('location')).toBe(`/api/v1${path}`)
      expect((await send('GET', path)).body).toEqual(created.body)
      const first = { 'if-match': '"1"' }
      const body = { conditions: { ref: 'main' } }
      const patched = await send('PATCH', path, { body, headers: first })
      expect(patched.body).toMatchObject({ ...body, version: 2 })
      expect((await send('GET', `${place}/workload-rules`)).body.items).toEqual([patched.body])
      expect((await send('DELETE', path, { headers: first })).status).toBe(412)
      expect((await send('DELETE', path)).status).toBe(204)
      expect((await send('GET', path)).status).toBe(404)
    })

    it('are for the issuers that are listed, and for somebody', async () => {
      const issuers = await send('GET', '/projects/acme/workload-issuers')
      expect(issuers.body).toEqual({ items: [ciIssuer] })
      for (const wrong of [{ issuer: 'https://evil.example' }, { conditions: { sub: '**' } }]) {
        const body = { ...rule, ...wrong }
        expect((await send('POST', '/projects/acme/workload-rules', { body })).status).toBe(400)
      }
    })

    // Harbor CVE-2022-31666 and those after it: an id of one project, used below another.
    it('of one project are not found below another', async () => {
      const made = (await send('POST', '/projects/acme/workload-rules', { body: rule })).body
      for (const place of ['/projects/other', '/projects/acme%2Fml', '']) {
        const path = `${place}/workload-rules/${made.id}`
        const answers = [
          await send('GET', path),
          await send('PATCH', path, { body: { actions: ['delete'] } }),
          await send('DELETE', path),
        ]
        expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
      }
      expect((await send('GET', `/projects/acme/workload-rules/${made.id}`)).body).toEqual(made)
    })

    // Harbor CVE-2019-16097: something in the body that the caller was not meant to set.
    it.each([{ projectName: '' }, { version: 9 }, { lastUsedAt: null }])(
      'are refused with %j in the body',
      async (more) => {
        const body = { ...rule, ...more }
        expect((await send('POST', '/projects/acme/workload-rules', { body })).status).toBe(400)
      },
    )

    it('give no action that their maker lacks', async () => {
      const may = async (action: string) => action === 'pull'
      api.setCaller(testCaller({ may, mayInstance: () => false }))
      const make = (actions: string[]) =>
        send('POST', '/projects/acme/workload-rules', { body: { ...rule, actions } })
      expect((await make(['push'])).status).toBe(403)
      expect((await make(['pull'])).status).toBe(201)
      expect((await send('GET', '/workload-rules')).status).toBe(403)
    })
  })
})
