import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../../access/caller.ts'
import { commandLine } from '../../access/command-line.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import {
  anonymousCaller,
  openTestManagement,
  testCaller,
  type TestManagement,
} from '../../testing/open-test-management.ts'
import { ProjectFigures } from '../../quota/project-figures.ts'
import { openTestPeople, type TestPeople } from '../../testing/open-test-people.ts'
import { memberRoutes } from './members.ts'
import { projectRoutes } from './projects.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('projects and members over HTTP on $name', (engine) => {
  describe.skipIf(!engine.available)('of acme, acme/ml and other', () => {
    let test: TestDatabase
    let people: TestPeople
    let management: TestManagement
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      people = await openTestPeople(test.database)
      await people.users.createUser({ name: 'ann', password, role: 'none' })
      for (const name of ['acme', 'acme/ml', 'other']) {
        await people.projects.createProject(commandLine, { name })
      }
      management = await openTestManagement({
        bindings: [...projectRoutes, ...memberRoutes],
        database: test.database,
        door: {
          projects: people.projects,
          members: people.members,
          projectFigures: new ProjectFigures({ database: test.database, now: Date.now }),
        },
      })
    })
    afterEach(async () => {
      await management.close()
      expect(management.failures).toEqual([])
    })

    const send = (method: string, path: string, body?: unknown, headers = {}) =>
      management.send(method, path, { ...(body !== undefined && { body }), headers })
    /** One who may do anything in these projects, and nothing else. */
    const adminOf = (...names: string[]): Caller =>
      testCaller({
        mayProject: (_action, project) => Promise.resolve(names.includes(project)),
        mayInstance: () => false,
        readableProjects: async () => {
          const rows = await test.database.read
            .selectFrom('projects')
            .select('id')
            .where('name', 'in', names)
            .execute()
          return rows.map(({ id }) => id)
        },
      })

    it('creates, reads, changes and deletes a project', async () => {
      const created = await send('POST', '/projects', { name: 'acme/cv', visibility: 'public' })
      expect(created.status).toBe(201)
      expect(created.headers.get('location')).toBe('/api/v1/projects/acme%2Fcv')
      expect(created.body).toMatchObject({ name: 'acme/cv', parent: 'acme' })
      const read = await send('GET', '/projects/acme%2Fcv')
      expect(read.body).toEqual({ ...(created.body as object), allowed: expect.any(Array) })
      expect(read.body).toMatchObject({
        allowed: expect.arrayContaining(['readProject', 'deleteProject', 'manageMembers']),
      })
      const changed = await send('PATCH', '/projects/acme%2Fcv', {
        visibility: null,
        allowedAddresses: ['192.0.2.0/24'],
      })
      expect(changed.body).toMatchObject({
        settings: {
          visibility: { own: null, effective: 'private' },
          allowedAddresses: { own: ['192.0.2.0/24'], from: 'acme/cv' },
        },
      })
      expect((await send('DELETE', '/projects/acme%2Fcv')).status).toBe(204)
      expect((await send('GET', '/projects/acme%2Fcv')).status).toBe(404)
    })

    it('takes If-Match, and does not answer 304 after a change further up', async () => {
      const { headers } = await send('GET', '/projects/acme%2Fml')
      const etag = headers.get('etag') ?? ''
      const unchanged = await send('GET', '/projects/acme%2Fml', undefined, {
        'if-none-match': etag,
      })
      expect(unchanged.status).toBe(304)
      await send('PATCH', '/projects/acme', { visibility: 'public' })
      const changed = await send('GET', '/projects/acme%2Fml', undefined, { 'if-none-match': etag })
      expect(changed.body).toMatchObject({
        settings: { visibility: { effective: 'public', from: 'acme' } },
      })
      const stale = { 'if-match': etag }
      const patch = await send('PATCH', '/projects/acme%2Fml', { visibility: 'public' }, stale)
      expect(patch.status).toBe(412)
      expect((await send('DELETE', '/projects/acme%2Fml', undefined, stale)).status).toBe(412)
    })

    it.each([
      ['quotaBytes', 1],
      ['quota_bytes', 1],
      ['id', 1],
      ['parent', 'other'],
      ['parentId', 1],
      ['version', 7],
      ['name', 'renamed'],
      ['createdAt', '2030-01-01T00:00:00Z'],
    ])('refuses to set %s of a project', async (key, value) => {
      expect((await send('PATCH', '/projects/acme', { [key]: value })).status).toBe(400)
      if (key !== 'name') {
        expect((await send('POST', '/projects', { name: 'new', [key]: value })).status).toBe(400)
      }
      expect((await people.projects.readProject('acme')).version).toBe(2)
    })

    it('lets one create only below a project in which they may', async () => {
      management.setCaller(adminOf('acme'))
      expect((await send('POST', '/projects', { name: 'acme/new' })).status).toBe(201)
      for (const name of ['top', 'other/new', 'acme/ml/new', 'other', 'acme/ml/taken']) {
        expect((await send('POST', '/projects', { name })).status).toBe(403)
      }
      management.setCaller(anonymousCaller())
      expect((await send('POST', '/projects', { name: 'mine' })).status).toBe(401)
      const { items } = await people.projects.listProjects({ readable: 'all', limit: 10 })
      expect(items.map(({ name }) => name)).toEqual(['acme', 'acme/ml', 'acme/new', 'other'])
    })

    it('lists only what the caller may read, and tells a missing project from no other', async () => {
      management.setCaller(adminOf('acme/ml'))
      for (const path of ['/projects?after=%00', '/projects?parent=%00']) {
        expect((await send('GET', path)).status).toBe(400)
      }
      const list = await send('GET', '/projects?prefix=a')
      expect(list.body).toMatchObject({ items: [{ name: 'acme/ml' }], next: null })
      const [hidden, missing] = [
        await send('GET', '/projects/other'),
        await send('GET', '/projects/missing'),
      ]
      const comparable = (answer: typeof hidden) => ({
        status: answer.status,
        body: { ...(answer.body as object), requestId: '' },
      })
      expect(hidden.status).toBe(404)
      expect(comparable(hidden)).toEqual(comparable(missing))
    })

    it('keeps the members of one project out of the paths of another', async () => {
      await send('PUT', '/projects/acme%2Fml/members/user/ann', { role: 'admin' })
      management.setCaller(adminOf('other'))
      expect((await send('GET', '/projects/acme%2Fml/members')).status).toBe(404)
      for (const [method, path, body] of [
        ['PUT', '/projects/acme%2Fml/members/user/ann', { role: 'none' }],
        ['DELETE', '/projects/acme%2Fml/members/user/ann', undefined],
        ['DELETE', '/projects/other/members/user/ann', undefined],
        ['GET', '/projects/acme%2Fml/access/ann', undefined],
      ] as const) {
        expect((await send(method, path, body)).status).toBe(404)
      }
      const { items } = await people.members.listMembers('acme/ml', { limit: 10 })
      expect(items).toMatchObject([{ name: 'ann', role: 'admin' }])
    })

    it('sets, lists, explains and removes members', async () => {
      const page = await send('GET', '/projects/acme/members?after=user:%00:')
      expect(page.status).toBe(400)
      const put = await send('PUT', '/projects/acme/members/user/ann', { role: 'developer' })
      expect(put.body).toMatchObject({ kind: 'user', name: 'ann', role: 'developer' })
      const inherited = await send('GET', '/projects/acme%2Fml/members?inherited=true&limit=1')
      expect(inherited.body).toMatchObject({ items: [{ project: 'acme' }], next: null })
      expect((await send('GET', '/projects/acme%2Fml/members')).body).toEqual({
        items: [],
        next: null,
      })
      expect((await send('GET', '/projects/acme%2Fml/access/ann')).body).toMatchObject({
        role: 'developer',
        origin: { kind: 'member', project: 'acme' },
      })
      expect((await send('DELETE', '/projects/acme/members/user/ann')).status).toBe(204)
      expect((await send('GET', '/projects/acme/access/ann')).body).toMatchObject({
        role: 'none',
        origin: { kind: 'instance', group: null },
      })
    })

    it.each([
      ['/projects/acme/members/user/nobody', { role: 'reader' }],
      ['/projects/acme/members/robot/ann', { role: 'reader' }],
      ['/projects/acme/members/user/ann', { role: 'auditor' }],
      ['/projects/acme/members/user/ann', { role: 'reader', project: 'other' }],
      ['/projects/acme/members/user/ann', {}],
    ])('refuses %s with %j', async (path, body) => {
      expect((await send('PUT', path, body)).status).toBe(400)
      expect((await people.members.listMembers('acme', { limit: 10 })).items).toEqual([])
    })

    it('holds every change to the rights of the moment at which it is made', async () => {
      const yes = testCaller()
      // As of the request they may; in the transaction they no longer do.
      management.setCaller({
        ...yes,
        requireProject: testCaller({ mayProject: () => Promise.resolve(false) }).requireProject,
        requireInstance: testCaller({ mayInstance: () => false }).requireInstance,
      })
      for (const [method, path, body] of [
        ['POST', '/projects', { name: 'new' }],
        ['PATCH', '/projects/acme', { visibility: 'public' }],
        ['DELETE', '/projects/other', undefined],
        ['PUT', '/projects/acme/members/user/ann', { role: 'admin' }],
        ['DELETE', '/projects/acme/members/user/ann', undefined],
        ['PATCH', '/system/defaults', { visibility: 'public' }],
      ] as const) {
        expect((await send(method, path, body)).status).toBe(403)
      }
      expect((await people.audit()).slice(4)).toEqual([])
    })

    it('keeps the defaults to who may see and set them', async () => {
      const changed = await send('PATCH', '/system/defaults', { quotaBytes: 10 ** 12 })
      expect(changed.body).toMatchObject({
        settings: { quotaBytes: { own: 10 ** 12, effective: 10 ** 12, from: '' } },
      })
      expect((await send('PATCH', '/system/defaults', { quotaBytes: -1 })).status).toBe(400)
      management.setCaller(testCaller({ mayInstance: (action) => action === 'readSystem' }))
      expect((await send('GET', '/system/defaults')).body).toEqual(changed.body)
      expect((await send('PATCH', '/system/defaults', { quotaBytes: 1 })).status).toBe(403)
    })
  })
})
