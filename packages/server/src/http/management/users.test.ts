import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { commandLine } from '../../access/command-line.ts'
import { OwnPassword } from '../../access/own-password.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import {
  anonymousCaller,
  openTestManagement,
  testCaller,
  type TestManagement,
} from '../../testing/open-test-management.ts'
import { openTestPeople, type TestPeople } from '../../testing/open-test-people.ts'
import { openTestSignIn } from '../../testing/open-test-sign-in.ts'
import { groupRoutes } from './groups.ts'
import { memberRoutes } from './members.ts'
import { userRoutes } from './users.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('users and groups over HTTP on $name', (engine) => {
  describe.skipIf(!engine.available)('with root and ann', () => {
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
      const signIn = await openTestSignIn(test.database, { now: Date.now })
      people = await openTestPeople(test.database)
      await people.users.createUser({ name: 'root', password, role: 'admin' })
      await people.users.createUser({ name: 'ann', password, role: 'reader' })
      management = await openTestManagement({
        bindings: [...userRoutes, ...groupRoutes, ...memberRoutes],
        database: test.database,
        door: {
          users: people.users,
          groups: people.groups,
          members: people.members,
          ownPassword: new OwnPassword({ ...signIn, database: test.database }),
        },
      })
    })
    afterEach(async () => {
      await management.close()
      expect(management.failures).toEqual([])
    })

    const send = (method: string, path: string, body?: unknown, headers = {}) =>
      management.send(method, path, { ...(body !== undefined && { body }), headers })

    it('creates, reads, changes and deletes a user, never showing a password', async () => {
      const created = await send('POST', '/users', { name: 'bob', password, displayName: 'Bob' })
      expect(created.status).toBe(201)
      expect(created.headers.get('location')).toBe('/api/v1/users/bob')
      expect(created.body).toMatchObject({ role: 'none', displayName: 'Bob', source: 'local' })
      expect(JSON.stringify(created.body)).not.toMatch(/argon2|battery/)
      const etag = created.headers.get('etag') ?? ''
      const change = { role: 'developer', disabled: true }
      const changed = await send('PATCH', '/users/bob', change, { 'if-match': etag })
      expect(changed.body).toMatchObject({ role: 'developer', disabledAt: expect.any(String) })
      const stale = await send('DELETE', '/users/bob', undefined, { 'if-match': etag })
      expect(stale.status).toBe(412)
      const put = await send('PUT', '/users/bob/password', { password: 'another horse battery' })
      expect(put.status).toBe(204)
      expect((await send('DELETE', '/users/bob')).status).toBe(204)
      expect((await send('GET', '/users/bob')).status).toBe(404)
      const audit = (await people.audit()).slice(2)
      expect(new Set(audit.map(({ actor }) => actor))).toEqual(new Set(['tester']))
    })

    it.each([
      ['id', 'x'],
      ['passwordHash', 'x'],
      ['source', 'ldap'],
      ['externalId', 'x'],
      ['disabledAt', null],
      ['version', 1],
    ])('refuses to set %s of a user', async (key, value) => {
      expect((await send('PATCH', '/users/ann', { [key]: value })).status).toBe(400)
      const create = await send('POST', '/users', { name: 'new', password, [key]: value })
      expect(create.status).toBe(400)
      expect(await people.users.readUser('ann')).toMatchObject({ version: 1, source: 'local' })
    })

    it('answers with the right kind of refusal', async () => {
      const status = async (method: string, path: string, body?: unknown) =>
        (await send(method, path, body)).status
      expect(await status('POST', '/users', { name: 'ann', password })).toBe(409)
      expect(await status('POST', '/users', { name: 'new', password: 'short' })).toBe(400)
      expect(await status('PATCH', '/users/nobody', { role: 'admin' })).toBe(404)
      expect(await status('PATCH', '/users/root', { role: 'reader' })).toBe(409)
      expect(await status('PATCH', '/users/root', { disabled: true })).toBe(409)
      expect(await status('DELETE', '/users/root')).toBe(409)
      expect(await status('GET', '/users?sort=passwordHash')).toBe(400)
      expect(await status('GET', '/users?sort=createdAt&after=x')).toBe(400)
      for (const query of ['after=%00', 'source=%00', 'prefix=%00']) {
        expect(await status('GET', `/users?${query}`)).toBe(400)
      }
      expect(await status('GET', '/users/%00')).toBe(400)
      expect(await status('PUT', '/groups/%00/members/%00')).toBe(400)
    })

    it('lists with filters and pages', async () => {
      expect((await send('GET', '/users?role=reader')).body).toMatchObject({
        items: [{ name: 'ann' }],
        next: null,
      })
      expect((await send('GET', '/users?limit=1&disabled=false')).body).toMatchObject({
        items: [{ name: 'ann' }],
        next: 'ann',
      })
    })

    it('is closed to who may not read or manage users', async () => {
      const readOnly = testCaller({ mayInstance: (action) => action === 'readUsers' })
      const nobody = testCaller({ mayInstance: () => false })
      const changes = [
        ['POST', '/users', { name: 'new', password, role: 'admin' }],
        ['PATCH', '/users/ann', { role: 'admin' }],
        ['PUT', '/users/root/password', { password: 'another horse battery' }],
        ['DELETE', '/users/ann', undefined],
        ['POST', '/groups', { name: 'new', role: 'admin' }],
        ['PATCH', '/groups/ops', { role: 'admin' }],
        ['DELETE', '/groups/ops', undefined],
        ['PUT', '/groups/ops/members/ann', undefined],
        ['DELETE', '/groups/ops/members/ann', undefined],
      ] as const
      for (const caller of [readOnly, nobody]) {
        management.setCaller(caller)
        for (const [method, path, body] of changes) {
          expect((await send(method, path, body)).status).toBe(403)
        }
      }
      for (const path of ['/users', '/users/ann', '/users/nobody', '/groups', '/groups/ops']) {
        expect((await send('GET', path)).status).toBe(403)
      }
      management.setCaller(anonymousCaller())
      for (const path of ['/users', '/account', '/groups']) {
        expect((await send('GET', path)).status).toBe(401)
      }
      expect(await people.users.readUser('ann')).toMatchObject({ role: 'reader' })
    })

    it('shows the caller to themselves and takes a new password for the current one', async () => {
      const { id } = await people.users.readUser('ann')
      const ann = { actor: { kind: 'user', id, name: 'ann' }, mayInstance: () => false } as const
      const change = (currentPassword: string) =>
        send('PUT', '/account/password', { currentPassword, newPassword: 'another horse battery' })
      management.setCaller(testCaller({ ...ann, credentials: 'key' }))
      expect((await change(password)).status).toBe(403)
      management.setCaller(testCaller(ann))
      expect((await send('GET', '/account')).body).toMatchObject({ name: 'ann', role: 'reader' })
      expect((await change('not the right one')).status).toBe(401)
      expect((await change(password)).status).toBe(204)
      expect((await change(password)).status).toBe(401)
      const robot = { kind: 'robot', id, name: 'robot' } as const
      management.setCaller(testCaller({ actor: robot, mayInstance: () => false }))
      expect((await send('GET', '/account')).status).toBe(404)
      expect((await change('another horse battery')).status).toBe(404)
    })

    it('lets people change their own display name, and nothing else of themselves', async () => {
      const { id } = await people.users.readUser('ann')
      const ann = { actor: { kind: 'user', id, name: 'ann' }, mayInstance: () => false } as const
      management.setCaller(testCaller(ann))
      const named = await send('PATCH', '/account', { displayName: 'Ann of Accounts' })
      expect(named.body).toMatchObject({ name: 'ann', displayName: 'Ann of Accounts' })
      expect((await send('PATCH', '/account', { displayName: null })).body).toMatchObject({
        displayName: null,
      })
      for (const body of [
        { displayName: 'Ann', role: 'admin' },
        { displayName: '' },
        { displayName: 'Ann\u0000' },
        {},
      ]) {
        expect((await send('PATCH', '/account', body)).status).toBe(400)
      }
      management.setCaller(testCaller({ ...ann, credentials: 'key' }))
      expect((await send('PATCH', '/account', { displayName: 'Ann' })).status).toBe(403)
      const last = (await people.audit()).at(-1)
      expect(last).toMatchObject({ action: 'user.updated', target: 'ann', actor: 'ann' })
    })

    it('shows people their groups and roles, and no project that a role keeps from them', async () => {
      const { id } = await people.users.readUser('ann')
      for (const name of ['acme', 'acme/ml', 'hidden']) {
        await people.projects.createProject(commandLine, { name })
      }
      await send('POST', '/groups', { name: 'ops', role: 'auditor' })
      await send('PUT', '/groups/ops/members/ann')
      await send('PUT', '/projects/acme/members/user/ann', { role: 'developer' })
      await send('PUT', '/projects/acme%2Fml/members/group/ops', { role: 'admin' })
      await send('PUT', '/projects/hidden/members/user/ann', { role: 'none' })
      await send('PUT', '/projects/hidden/members/user/root', { role: 'admin' })
      management.setCaller(testCaller({ actor: { kind: 'user', id, name: 'ann' } }))
      expect((await send('GET', '/account/memberships')).body).toEqual({
        groups: [{ name: 'ops', role: 'auditor', source: 'local' }],
        projects: [
          { project: 'acme', role: 'developer', group: null },
          { project: 'acme/ml', role: 'admin', group: 'ops' },
        ],
        isTruncated: false,
      })
    })

    it('manages groups and their members', async () => {
      const created = await send('POST', '/groups', { name: 'ops' })
      expect(created.body).toMatchObject({ source: 'local', externalName: null, role: 'none' })
      expect((await send('POST', '/groups', { name: 'ops' })).status).toBe(409)
      expect((await send('PATCH', '/groups/ops', { role: 'developer' })).body).toMatchObject({
        role: 'developer',
      })
      expect((await send('PATCH', '/groups/ops', { source: 'ldap' })).status).toBe(400)
      expect((await send('PUT', '/groups/ops/members/ann')).status).toBe(204)
      expect((await send('PUT', '/groups/ops/members/nobody')).status).toBe(400)
      expect((await send('GET', '/groups/ops/members')).body).toMatchObject({
        items: [{ name: 'ann' }],
      })
      expect((await send('DELETE', '/groups/ops/members/root')).status).toBe(404)
      expect((await send('DELETE', '/groups/ops/members/ann')).status).toBe(204)
      await people.groups.createGroup(commandLine, {
        name: 'ldap-devs',
        source: 'ldap',
        externalName: 'cn=devs',
      })
      expect((await send('PUT', '/groups/ldap-devs/members/ann')).status).toBe(409)
      expect((await send('GET', '/groups?source=ldap')).body).toMatchObject({
        items: [{ name: 'ldap-devs', externalName: 'cn=devs' }],
      })
      expect((await send('DELETE', '/groups/ops')).status).toBe(204)
    })
  })
})
