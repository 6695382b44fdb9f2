import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { at, openTestMachines, type TestMachines } from '../../testing/open-test-machines.ts'
import { testCaller, type TestManagement } from '../../testing/open-test-management.ts'
import { robotRoutes } from './robots.ts'

const robot = { name: 'ci', actions: ['pull', 'push'] }

describe.each(testDatabases)('robots in the management API on $name', (engine) => {
  describe.skipIf(!engine.available)('with projects and users', () => {
    let test: TestDatabase
    let api: TestManagement
    let send: TestMachines['send']
    beforeAll(async () => {
      test = await engine.open()
      ;({ api, send } = await openTestMachines(test.database, robotRoutes))
    })
    afterAll(async () => {
      expect(api.failures).toEqual([])
      await api.close()
      await test.close()
    })
    beforeEach(async () => {
      api.setCaller(testCaller())
      await test.database.transaction((tx) => tx.deleteFrom('robots').execute())
    })

    it.each(['/projects/acme%2Fml', ''])('live at %j/robots', async (place) => {
      const created = await send('POST', `${place}/robots`, { body: robot })
      expect(created.status).toBe(201)
      const { id } = created.body.robot
      const login = place === '' ? '+ci' : 'acme/ml+ci'
      expect(created.body).toEqual({
        secret: expect.stringMatching(/^berth_robot_/),
        robot: expect.objectContaining({
          login,
          repositories: ['**'],
          createdBy: 'tester',
          version: 1,
        }),
      })
      const path = `${place}/robots/${id}`
      expect(created.headers.get('location')).toBe(`/api/v1${path}`)
      const read = await send('GET', path)
      expect([read.status, read.headers.get('etag'), read.body]).toEqual([
        200,
        '"1"',
        created.body.robot,
      ])
      const first = { 'if-match': '"1"' }
      const patched = await send('PATCH', path, { body: { disabled: true }, headers: first })
      expect([patched.status, patched.body.disabledAt]).toEqual([200, at])
      const stale = await send('PATCH', path, { body: { disabled: false }, headers: first })
      expect(stale.status).toBe(412)
      const rotated = await send('POST', `${path}/rotation`, { body: { overlapSeconds: 60 } })
      const previousExpiresAt = '2030-01-01T00:01:00.000Z'
      expect(rotated.body).toEqual({
        secret: expect.stringMatching(/^berth_robot_/),
        robot: expect.objectContaining({ previousExpiresAt, version: 3 }),
      })
      const listed = await send('GET', `${place}/robots`)
      expect(listed.body).toEqual({ items: [rotated.body.robot], next: null })
      expect((await send('DELETE', path)).status).toBe(204)
      expect((await send('GET', path)).status).toBe(404)
    })

    it('are listed in pages', async () => {
      for (const name of ['a', 'b', 'c']) {
        await send('POST', '/projects/acme/robots', { body: { ...robot, name } })
      }
      const loginsOf = ({ body }: { body: { items: { login: string }[] } }) =>
        body.items.map(({ login }) => login)
      const first = await send('GET', '/projects/acme/robots?limit=2')
      expect(loginsOf(first)).toEqual(['acme+a', 'acme+b'])
      const after = encodeURIComponent(first.body.next)
      const second = await send('GET', `/projects/acme/robots?limit=2&after=${after}`)
      expect([loginsOf(second), second.body.next]).toEqual([['acme+c'], null])
    })

    // Harbor CVE-2022-31666 and those after it: an id of one project, used below another.
    it('of one project are not found below another', async () => {
      const made = (await send('POST', '/projects/acme/robots', { body: robot })).body.robot
      for (const place of ['/projects/other', '/projects/acme%2Fml', '']) {
        const path = `${place}/robots/${made.id}`
        const answers = [
          await send('GET', path),
          await send('PATCH', path, { body: { disabled: true } }),
          await send('POST', `${path}/rotation`, { body: {} }),
          await send('DELETE', path),
        ]
        expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
      }
      expect((await send('GET', `/projects/acme/robots/${made.id}`)).body).toEqual(made)
    })

    // Harbor CVE-2019-16097: something in the body that the caller was not meant to set.
    it.each([
      { secretHash: 'x' },
      { projectId: 1 },
      { secret: 'berth_robot_x' },
      { createdBy: 'admin' },
      { login: '+root' },
    ])('are refused with %j in the body', async (more) => {
      const answer = await send('POST', '/projects/acme/robots', { body: { ...robot, ...more } })
      expect(answer.status).toBe(400)
    })

    it('get no action that their maker lacks, and are hidden from who may not manage', async () => {
      const may = async (action: string) => action === 'pull'
      api.setCaller(testCaller({ may, mayInstance: () => false }))
      const make = (actions: string[]) =>
        send('POST', '/projects/acme/robots', { body: { ...robot, actions } })
      expect((await make(['pull', 'push'])).status).toBe(403)
      expect((await make(['pull'])).status).toBe(201)
      expect((await send('GET', '/robots')).status).toBe(403)
      api.setCaller(testCaller({ mayProject: async () => false }))
      expect((await send('GET', '/projects/acme/robots')).status).toBe(404)
      expect((await make(['pull'])).status).toBe(404)
    })
  })
})
