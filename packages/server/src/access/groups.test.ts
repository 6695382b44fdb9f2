import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'
import type { Groups } from './groups.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('Groups on $name', (engine) => {
  describe.skipIf(!engine.available)('with three users', () => {
    let test: TestDatabase
    let people: TestPeople
    let groups: Groups
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      people = await openTestPeople(test.database)
      ;({ groups } = people)
      for (const name of ['ann', 'bob', 'carl']) {
        await people.users.createUser({ name, password, role: 'none' })
      }
    })

    const create = (name: string, more: object = {}) =>
      groups.createGroup(commandLine, { name, ...more })
    const membersOf = async (name: string) => {
      const { items } = await groups.listGroupMembers(name, { limit: 50 })
      return items.map((member) => member.name)
    }

    it('creates, changes and deletes a group, and tells of it', async () => {
      const created = await create('devs')
      expect(created).toMatchObject({ source: 'local', role: 'none', externalName: undefined })
      await groups.updateGroup(commandLine, 'devs', { role: 'developer' }, created.version)
      expect(await groups.readGroup('devs')).toMatchObject({ role: 'developer' })
      await groups.updateGroup(commandLine, 'devs', { name: 'makers' })
      await expect(groups.readGroup('devs')).rejects.toMatchObject({ kind: 'notFound' })
      await groups.deleteGroup(commandLine, 'makers')
      await expect(groups.readGroup('makers')).rejects.toMatchObject({ kind: 'notFound' })
      expect((await people.audit()).slice(3)).toMatchObject([
        { action: 'group.created', target: 'devs' },
        { action: 'group.updated', before: { role: 'none' }, after: { role: 'developer' } },
        { action: 'group.updated', before: { name: 'devs' }, after: { name: 'makers' } },
        { action: 'group.deleted', target: 'makers' },
      ])
    })

    it('refuses a taken name, a stale change and a bad name', async () => {
      const { version } = await create('devs')
      await create('ops')
      await groups.updateGroup(commandLine, 'devs', { role: 'reader' })
      const exists = { kind: 'alreadyExists' }
      await expect(create('devs')).rejects.toMatchObject(exists)
      await expect(groups.updateGroup(commandLine, 'ops', { name: 'devs' })).rejects.toMatchObject(
        exists,
      )
      const stale = { kind: 'versionMismatch' }
      await expect(
        groups.updateGroup(commandLine, 'devs', { role: 'admin' }, version),
      ).rejects.toMatchObject(stale)
      await expect(groups.deleteGroup(commandLine, 'devs', version)).rejects.toMatchObject(stale)
      for (const name of ['', 'Devs', 'a b', 'a/b', 'x'.repeat(65)]) {
        await expect(create(name)).rejects.toMatchObject({ kind: 'requestInvalid' })
      }
    })

    it.each([
      { source: 'ldap' },
      { source: 'local', externalName: 'devs' },
      { externalName: 'devs' },
      { source: 'oidc', externalName: 'devs' },
      { source: 'ldap', externalName: '' },
      { source: 'ldap', externalName: 'x'.repeat(513) },
      { source: 'ldap', externalName: 'a\0b' },
    ])('refuses a group of %j', async (origin) => {
      await expect(create('devs', origin)).rejects.toMatchObject({ kind: 'requestInvalid' })
    })

    it('lets one group only stand for the same group outside', async () => {
      await create('devs', { source: 'ldap', externalName: 'cn=devs' })
      await create('devs2', { source: 'oidc:corp', externalName: 'cn=devs' })
      await expect(
        create('devs3', { source: 'ldap', externalName: 'cn=devs' }),
      ).rejects.toMatchObject({ kind: 'alreadyExists' })
    })

    it('adds and removes members, which counts the access epoch up', async () => {
      await create('devs')
      const epoch = await people.epoch()
      await groups.addGroupMember(commandLine, 'devs', 'bob')
      await groups.addGroupMember(commandLine, 'devs', 'ann')
      expect(await membersOf('devs')).toEqual(['ann', 'bob'])
      await groups.removeGroupMember(commandLine, 'devs', 'bob')
      expect(await membersOf('devs')).toEqual(['ann'])
      expect(await people.epoch()).toBe(epoch + 3)
      expect((await people.audit()).slice(-3)).toMatchObject([
        { action: 'group.memberAdded', target: 'devs', after: { user: 'bob' } },
        { action: 'group.memberAdded', target: 'devs', after: { user: 'ann' } },
        { action: 'group.memberRemoved', target: 'devs', before: { user: 'bob' } },
      ])
    })

    it('adds twice without telling of it twice, and removes once', async () => {
      await create('devs')
      await create('ops')
      await groups.addGroupMember(commandLine, 'devs', 'ann')
      await groups.addGroupMember(commandLine, 'devs', 'ann')
      const added = (await people.audit()).filter(({ action }) => action === 'group.memberAdded')
      expect(added).toHaveLength(1)
      const unknown = { kind: 'notFound' }
      for (const [group, user] of [
        ['ops', 'ann'],
        ['devs', 'bob'],
        ['devs', 'nobody'],
        ['missing', 'ann'],
      ] as const) {
        await expect(groups.removeGroupMember(commandLine, group, user)).rejects.toMatchObject(
          unknown,
        )
      }
      expect(await membersOf('devs')).toEqual(['ann'])
      await expect(groups.addGroupMember(commandLine, 'devs', 'nobody')).rejects.toMatchObject({
        kind: 'requestInvalid',
      })
    })

    it('leaves the members of a group from outside to the outside', async () => {
      await create('devs', { source: 'ldap', externalName: 'cn=devs' })
      const conflict = { kind: 'conflict', details: [{ reason: 'managedOutside' }] }
      await expect(groups.addGroupMember(commandLine, 'devs', 'ann')).rejects.toMatchObject(
        conflict,
      )
      await expect(groups.removeGroupMember(commandLine, 'devs', 'ann')).rejects.toMatchObject(
        conflict,
      )
    })

    it('lists groups and members in pages, filtered', async () => {
      await create('b', { role: 'reader' })
      await create('ab', { source: 'ldap', externalName: 'x' })
      await create('aa')
      const names = async (query: object) =>
        (await groups.listGroups({ limit: 10, ...query })).items.map(({ name }) => name)
      expect(await names({})).toEqual(['aa', 'ab', 'b'])
      expect(await names({ prefix: 'a' })).toEqual(['aa', 'ab'])
      expect(await names({ source: 'ldap' })).toEqual(['ab'])
      expect(await names({ role: 'reader' })).toEqual(['b'])
      expect(await names({ after: 'aa', limit: 1 })).toEqual(['ab'])
      for (const name of ['ann', 'bob', 'carl']) {
        await groups.addGroupMember(commandLine, 'b', name)
      }
      const page = await groups.listGroupMembers('b', { limit: 2 })
      expect(page.next).toBe('bob')
      expect((await groups.listGroupMembers('b', { limit: 2, after: 'bob' })).items).toMatchObject([
        { name: 'carl' },
      ])
      await expect(groups.listGroupMembers('missing', { limit: 1 })).rejects.toMatchObject({
        kind: 'notFound',
      })
    })
  })
})
