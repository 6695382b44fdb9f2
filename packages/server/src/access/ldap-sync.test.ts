import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  group,
  isSlapdInstalled,
  person,
  type Slapd,
  startSlapd,
} from '../../../../test/tools/slapd.ts'
import { loadConfig } from '../config/load.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'
import { LdapPasswords } from './ldap-passwords.ts'
import { LdapSync } from './ldap-sync.ts'
import { Ldap } from './ldap.ts'

const password = 'correct horse battery'
const suffix = 'dc=example,dc=com'

describe.skipIf(!isSlapdInstalled && process.env.CI !== 'true')('a directory', () => {
  describe.each(testDatabases)('and users on $name', (engine) => {
    describe.skipIf(!engine.available)('with slapd', () => {
      let slapd: Slapd
      let test: TestDatabase
      let people: TestPeople
      let passwords: LdapPasswords
      let sync: LdapSync

      beforeAll(async () => {
        test = await engine.open()
      })
      afterAll(async () => {
        await test.close()
      })
      beforeEach(async () => {
        slapd = await startSlapd(
          [
            ...['alice', 'bob', 'Carol.Example'].map((name) => person(name, password)),
            group('team', ['uid=alice']),
            group('platform', ['cn=team', 'uid=bob']),
          ].join('\n'),
        )
        people = await openTestPeople(test.database)
        ;({ passwords, sync } = open())
        await people.groups.createGroup(commandLine, {
          name: 'platform-people',
          role: 'developer',
          source: 'ldap',
          externalName: 'platform',
        })
      })
      afterEach(async () => {
        await slapd.stop()
      })

      function open(more: Partial<ConstructorParameters<typeof Ldap>[0]> = {}) {
        const { ldap: defaults } = loadConfig({ environment: {} }).access
        const ldap = new Ldap({
          ...defaults,
          urls: [slapd.secureUrl],
          caFile: slapd.caFile,
          userBase: `ou=people,${suffix}`,
          groupBase: `ou=groups,${suffix}`,
          ...more,
        })
        const { users } = people
        return {
          passwords: new LdapPasswords({ database: test.database, ldap, users }),
          sync: new LdapSync({
            database: test.database,
            ldap,
            signInExternal: (identity, from) => users.signInExternal(identity, from),
            disableUser: (name, context) => users.disableUser(name, context),
          }),
        }
      }

      const members = async () => {
        const page = await people.groups.listGroupMembers('platform-people', { limit: 50 })
        return page.items.map(({ name }) => name)
      }
      const isDisabled = async (name: string) =>
        (await people.users.readUser(name)).disabledAt !== undefined
      const remove = (name: string) =>
        slapd.modify(`dn: uid=${name},ou=people,${suffix}\nchangetype: delete\n`)

      it('makes a user at the first sign-in, who is in the groups of the directory', async () => {
        const user = await passwords.authenticate('alice', password)
        expect(user).toMatchObject({
          name: 'alice',
          source: 'ldap',
          role: 'none',
          passwordHash: '',
        })
        expect(await members()).toEqual(['alice'])
        expect(await passwords.authenticate('alice', 'wrong')).toBeUndefined()
        expect(await passwords.authenticate('nobody', password)).toBeUndefined()
      })

      it('takes the name that Berth gave to somebody as well as that of the directory', async () => {
        await people.users.createUser({ name: 'bob', password, role: 'reader' })
        const bob = await passwords.authenticate('bob', password)
        expect(bob?.name).toMatch(/^bob-[0-9a-f]{8}$/)
        const again = await passwords.authenticate(bob?.name ?? '', password)
        expect(again?.id).toBe(bob?.id)
        expect(await passwords.authenticate(bob?.name ?? '', 'wrong')).toBeUndefined()
        const carol = await passwords.authenticate('carol.example', password)
        expect(carol?.name).toBe('carol.example')
        // The local user of the same name stays who they were.
        expect((await people.users.readUser('bob')).source).toBe('local')
      })

      it('is in force without a sign-in when a group changes', async () => {
        await passwords.authenticate('alice', password)
        await passwords.authenticate('bob', password)
        expect(await members()).toEqual(['alice', 'bob'])
        const team = `dn: cn=team,ou=groups,${suffix}\nchangetype: modify\n`
        await slapd.modify(`${team}add: member\nmember: uid=nobody,ou=people,${suffix}\n`)
        await slapd.modify(`${team}delete: member\nmember: uid=alice,ou=people,${suffix}\n`)
        expect(await sync.syncGroups()).toEqual({ checked: 2, disabled: [], withheld: [] })
        expect(await members()).toEqual(['bob'])
      })

      it('changes nothing when nothing has changed', async () => {
        await passwords.authenticate('alice', password)
        const before = await people.epoch()
        await sync.syncGroups()
        await passwords.authenticate('alice', password)
        expect(await people.epoch()).toBe(before)
      })

      it('disables who is gone, and who has left the required group', async () => {
        await passwords.authenticate('alice', password)
        await passwords.authenticate('bob', password)
        await remove('bob')
        expect(await sync.syncGroups()).toEqual({ checked: 2, disabled: ['bob'], withheld: [] })
        expect([await isDisabled('alice'), await isDisabled('bob')]).toEqual([false, true])
        expect(await passwords.authenticate('bob', password)).toBeUndefined()
        const strict = open({ requiredGroups: ['nowhere'] })
        expect((await strict.sync.syncGroups()).disabled).toEqual(['alice'])
      })

      it('leaves disabled users disabled when they are back', async () => {
        await passwords.authenticate('bob', password)
        await people.users.disableUser('bob')
        expect(await sync.syncGroups()).toMatchObject({ checked: 0 })
        expect(await passwords.authenticate('bob', password)).toMatchObject({
          disabledAt: expect.any(String),
        })
      })

      it('takes somebody new of an old name for somebody else', async () => {
        const before = await passwords.authenticate('bob', password)
        await remove('bob')
        await slapd.modify(person('bob', password))
        const after = await passwords.authenticate('bob', password)
        expect(after?.id).not.toBe(before?.id)
        expect((await sync.syncGroups()).disabled).toEqual(['bob'])
      })

      it('keeps the last administrator', async () => {
        const admins = open({ roleMappings: [{ group: 'team', role: 'admin' }] })
        expect((await admins.passwords.authenticate('alice', password))?.role).toBe('admin')
        await remove('alice')
        expect(await admins.sync.syncGroups()).toMatchObject({ disabled: [], withheld: ['alice'] })
        await people.users.createUser({ name: 'root', password, role: 'admin' })
        expect(await admins.sync.syncGroups()).toMatchObject({ disabled: ['alice'], withheld: [] })
      })

      it('disables nobody when the directory does not answer', async () => {
        await passwords.authenticate('bob', password)
        await slapd.stop()
        await expect(sync.syncGroups()).rejects.toMatchObject({ kind: 'unavailable' })
        expect(await isDisabled('bob')).toBe(false)
      })

      it('disables nobody when more than half seem to be gone', async () => {
        const names = Array.from({ length: 30 }, (_, index) => `user${index}`)
        await slapd.modify(names.map((name) => person(name, password)).join('\n'))
        for (const name of names) await passwords.authenticate(name, password)
        const wrong = open({ userFilter: '(objectClass=nothing)' })
        const result = await wrong.sync.syncGroups()
        expect(result).toMatchObject({ checked: 30, disabled: [] })
        expect(result.withheld).toHaveLength(30)
        const elsewhere = open({ userBase: `ou=nowhere,${suffix}` })
        await expect(elsewhere.sync.syncGroups()).rejects.toMatchObject({ kind: 'unavailable' })
        expect(await sync.syncGroups()).toMatchObject({ checked: 30, withheld: [] })
      })
    })
  })
})
