import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'
import type { ExternalIdentity } from './external-users.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('Users from outside on $name', (engine) => {
  describe.skipIf(!engine.available)('signing in', () => {
    let test: TestDatabase
    let people: TestPeople
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      people = await openTestPeople(test.database)
    })

    const signIn = (identity: Partial<ExternalIdentity> = {}) =>
      people.users.signInExternal({
        source: 'oidc:corp',
        externalId: 'sub-1',
        preferredName: 'ann',
        groups: [],
        ...identity,
      })
    const groupsOf = async (name: string) => {
      const rows = await test.database.read
        .selectFrom('group_members')
        .innerJoin('users', 'users.id', 'group_members.user_id')
        .innerJoin('groups', 'groups.id', 'group_members.group_id')
        .select('groups.name as name')
        .where('users.name', '=', name)
        .orderBy('groups.name')
        .execute()
      return rows.map((row) => row.name)
    }

    it('creates the user at the first sign-in and finds the same one again', async () => {
      const first = await signIn({ displayName: 'Ann', email: 'ann@example.com' })
      expect(first).toMatchObject({
        name: 'ann',
        role: 'none',
        passwordHash: '',
        source: 'oidc:corp',
        externalId: 'sub-1',
      })
      const again = await signIn({ displayName: 'Ann B', email: 'ann@example.com' })
      expect(again).toMatchObject({ id: first.id, name: 'ann', displayName: 'Ann B' })
      expect((await people.audit()).map(({ action, actor }) => `${action} ${actor}`)).toEqual([
        'user.created oidc:corp',
        'user.synced oidc:corp',
      ])
    })

    it('changes nothing that counts when nothing changed', async () => {
      const first = await signIn({ displayName: 'Ann', role: 'reader' })
      const epoch = await people.epoch()
      const again = await signIn({ displayName: 'Ann', role: 'reader' })
      expect(again).toEqual(first)
      expect(await people.epoch()).toBe(epoch)
      expect(await people.audit()).toHaveLength(1)
    })

    it('never takes over a name that somebody has, and gives each identity its own', async () => {
      const local = await people.users.createUser({ name: 'ann', password, role: 'admin' })
      const first = await signIn()
      const second = await signIn({ externalId: 'sub-2' })
      const third = await signIn({ source: 'ldap' })
      expect(new Set([local.id, first.id, second.id, third.id]).size).toBe(4)
      for (const { name, role } of [first, second, third]) {
        expect(name).toMatch(/^ann-[0-9a-f]{8}$/)
        expect(role).toBe('none')
      }
      expect(await people.users.readUser('ann')).toEqual(local)
      expect(await signIn()).toMatchObject({ id: first.id, name: first.name })
    })

    it.each([
      ['Jöran.Müller@example.com', 'joran.muller'],
      ['CORP\\ann', 'corp-ann'],
      ['..ann--', 'ann'],
      ['a'.repeat(100), 'a'.repeat(64)],
      ['ann:admin', 'ann-admin'],
      ['ann\u0000', 'ann'],
    ])('makes a user name of %j', async (preferredName, name) => {
      expect(await signIn({ preferredName })).toMatchObject({ name })
    })

    it.each(['', '山田', '@example.com', '---'])(
      'makes up a name for %j',
      async (preferredName) => {
        expect((await signIn({ preferredName })).name).toMatch(/^user-[0-9a-f]{8}$/)
      },
    )

    it('keeps what is usable of a profile', async () => {
      const user = await signIn({ displayName: ' Ann\nB\u0000 ', email: 'not an address' })
      expect(user).toMatchObject({ displayName: 'Ann B', email: null })
      const long = await signIn({ displayName: 'x'.repeat(500) })
      expect(long.displayName).toHaveLength(128)
      const cut = await signIn({ displayName: `${'x'.repeat(127)}\u{1f600}` })
      expect(cut.displayName).toBe('x'.repeat(127))
    })

    it('puts the user into exactly the groups that the source names', async () => {
      for (const [name, source, externalName] of [
        ['devs', 'oidc:corp', 'Developers'],
        ['ops', 'oidc:corp', 'Operators'],
        ['ldap-devs', 'ldap', 'Developers'],
      ] as const) {
        await people.groups.createGroup(commandLine, { name, source, externalName })
      }
      await people.groups.createGroup(commandLine, { name: 'local' })
      await signIn({ groups: ['Developers', 'Unknown', 'Developers', '', 'a\0b'] })
      await people.groups.addGroupMember(commandLine, 'local', 'ann')
      expect(await groupsOf('ann')).toEqual(['devs', 'local'])
      const epoch = await people.epoch()
      await signIn({ groups: ['Operators'] })
      expect(await groupsOf('ann')).toEqual(['local', 'ops'])
      expect(await people.epoch()).toBe(epoch + 1)
      expect((await people.audit()).at(-1)).toMatchObject({
        action: 'user.synced',
        before: { groupsRemoved: ['devs'] },
        after: { groupsAdded: ['ops'] },
      })
      await signIn({ groups: [] })
      expect(await groupsOf('ann')).toEqual(['local'])
    })

    it('takes the role that the source gives, and keeps what was set here when it gives none', async () => {
      await people.users.createUser({ name: 'root', password, role: 'admin' })
      await signIn({ role: 'admin' })
      expect(await signIn({ role: 'reader' })).toMatchObject({ role: 'reader' })
      await people.users.changeRole('ann', 'maintainer')
      expect(await signIn()).toMatchObject({ role: 'maintainer' })
    })

    it('cannot take away the last administrator', async () => {
      await signIn({ role: 'admin' })
      expect(await signIn({ role: 'none' })).toMatchObject({ role: 'admin' })
      await people.users.createUser({ name: 'root', password, role: 'admin' })
      expect(await signIn({ role: 'none' })).toMatchObject({ role: 'none' })
    })

    it('answers with a disabled user as they are', async () => {
      await people.groups.createGroup(commandLine, {
        name: 'devs',
        source: 'oidc:corp',
        externalName: 'devs',
      })
      await signIn()
      await people.users.disableUser('ann')
      const user = await signIn({ groups: ['devs'], displayName: 'Ann', role: 'admin' })
      expect(user).toMatchObject({ role: 'none', displayName: null })
      expect(user.disabledAt).not.toBeNull()
      expect(await groupsOf('ann')).toEqual([])
    })

    it('leaves password and profile of such a user to the outside', async () => {
      await signIn()
      const conflict = { kind: 'conflict', details: [{ reason: 'managedOutside' }] }
      await expect(people.users.changePassword('ann', password)).rejects.toMatchObject(conflict)
      await expect(people.users.updateUser('ann', { displayName: 'x' })).rejects.toMatchObject(
        conflict,
      )
    })

    it('creates one user when the first sign-ins come at once', async () => {
      const all = await Promise.all([signIn(), signIn(), signIn()])
      expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    })

    it('refuses an identity without an id, and more groups than anyone is in', async () => {
      const invalid = { kind: 'requestInvalid' }
      await expect(signIn({ externalId: '' })).rejects.toMatchObject(invalid)
      await expect(signIn({ externalId: 'a\0b' })).rejects.toMatchObject(invalid)
      await expect(signIn({ externalId: 'x'.repeat(1025) })).rejects.toMatchObject(invalid)
      const groups = Array.from({ length: 10_001 }, (_, index) => `g${index}`)
      await expect(signIn({ groups })).rejects.toMatchObject(invalid)
      expect((await people.users.listUsers({ limit: 10 })).items).toEqual([])
    })
  })
})
