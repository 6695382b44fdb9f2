import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findRefreshToken, insertRefreshToken } from '../metadata/refresh-tokens.ts'
import { findUserByName } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, type TestPeople } from '../testing/open-test-people.ts'
import { commandLine } from './command-line.ts'
import { Passwords } from './passwords.ts'
import type { Users } from './users.ts'

const password = 'correct horse battery'
const refused = (reason: string) => ({ kind: 'requestInvalid', details: [{ reason }] })

describe.each(testDatabases)('Users on $name', (engine) => {
  describe.skipIf(!engine.available)('on an empty database', () => {
    let test: TestDatabase
    let people: TestPeople
    let users: Users
    const passwords = new Passwords()
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      people = await openTestPeople(test.database)
      ;({ users } = people)
    })

    /** Whether the stored row lets the user in with the password. */
    const canLogIn = async (name: string, secret = password) => {
      const user = await findUserByName(test.database.read, name)
      const matches = await passwords.verify(secret, user?.passwordHash)
      return matches && user?.disabledAt === null
    }
    const list = async (query: object = {}) =>
      (await users.listUsers({ limit: 50, ...query })).items
    const names = async (query: object = {}) => (await list(query)).map(({ name }) => name)
    /** A stored login and a browser session; answers with a way to ask whether each is still there. */
    const storeLogin = async (name: string) => {
      const user = await findUserByName(test.database.read, name)
      if (!user) throw new Error(`there is no ${name}`)
      const at = '2030-01-01T00:00:00.000Z'
      const times = { createdAt: at, lastUsedAt: at, expiresAt: '2040-01-01T00:00:00.000Z' }
      const [tokenHash, id] = [`token-of-${user.id}`, `session-of-${user.id}`]
      await test.database.transaction(async (tx) => {
        await insertRefreshToken(tx, { tokenHash, userId: user.id, clientId: 'docker', ...times })
        await tx
          .insertInto('sessions')
          .values({
            id,
            secret_hash: id,
            user_id: user.id,
            method: 'password',
            address: '',
            user_agent: '',
            created_at: at,
            last_used_at: at,
            expires_at: at,
          })
          .execute()
      })
      return {
        sessionId: id,
        left: async () => {
          const token = await findRefreshToken(test.database.read, tokenHash)
          const session = await test.database.read
            .selectFrom('sessions')
            .select('id')
            .where('id', '=', id)
            .executeTakeFirst()
          return { token: token !== undefined, session: session !== undefined }
        },
      }
    }

    it('creates users who can log in, and lists them by name', async () => {
      await users.createUser({ name: 'bob', password, role: 'developer' })
      const alice = await users.createUser({ name: 'alice', password, role: 'reader' })
      expect(await canLogIn('alice')).toBe(true)
      expect(await list()).toEqual([
        alice,
        expect.objectContaining({ name: 'bob', role: 'developer', disabledAt: undefined }),
      ])
      expect(JSON.stringify(await list())).not.toContain('argon2')
    })

    it('refuses a name that is taken, also when both come at once', async () => {
      const create = () => users.createUser({ name: 'alice', password, role: 'reader' })
      const results = await Promise.allSettled([create(), create()])
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(create()).rejects.toMatchObject({ kind: 'alreadyExists' })
    })

    it.each(['', 'Alice', '.alice', '-a', 'a b', 'a:b', 'é', 'a'.repeat(65), '../a', 'a\n'])(
      'refuses the user name %j',
      async (name) => {
        await expect(users.createUser({ name, password, role: 'reader' })).rejects.toMatchObject(
          refused('userNameInvalid'),
        )
      },
    )

    it.each(['a', '0', 'a'.repeat(64), 'build.machine_1-x'])(
      'takes the user name %j',
      async (name) => {
        await expect(users.createUser({ name, password, role: 'reader' })).resolves.toMatchObject({
          name,
        })
      },
    )

    it('refuses a short password', async () => {
      await expect(
        users.createUser({ name: 'alice', password: 'short', role: 'reader' }),
      ).rejects.toMatchObject(refused('passwordInvalid'))
      expect(await list()).toEqual([])
    })

    it('says so when there is no such user', async () => {
      const unknown = { kind: 'notFound' }
      await expect(users.changePassword('nobody', password)).rejects.toMatchObject(unknown)
      await expect(users.changeRole('nobody', 'admin')).rejects.toMatchObject(unknown)
      await expect(users.disableUser('nobody')).rejects.toMatchObject(unknown)
      await expect(users.enableUser('nobody')).rejects.toMatchObject(unknown)
      await expect(users.deleteUser('nobody')).rejects.toMatchObject(unknown)
      await expect(users.readUser('nobody')).rejects.toMatchObject(unknown)
    })

    it('ends the old password and stored logins with a change of password', async () => {
      await users.createUser({ name: 'alice', password, role: 'reader' })
      const login = await storeLogin('alice')
      expect(await canLogIn('alice')).toBe(true)
      await users.changePassword('alice', 'another horse battery')
      expect(await canLogIn('alice')).toBe(false)
      expect(await canLogIn('alice', 'another horse battery')).toBe(true)
      expect(await login.left()).toEqual({ token: false, session: false })
    })

    it('locks a disabled user out at once and ends stored logins for good', async () => {
      await users.createUser({ name: 'alice', password, role: 'reader' })
      const login = await storeLogin('alice')
      expect(await canLogIn('alice')).toBe(true)
      expect((await users.disableUser('alice')).disabledAt).toBeTypeOf('string')
      expect(await canLogIn('alice')).toBe(false)
      expect(await login.left()).toEqual({ token: false, session: false })
      expect((await users.enableUser('alice')).disabledAt).toBeUndefined()
      expect(await canLogIn('alice')).toBe(true)
      expect(await login.left()).toEqual({ token: false, session: false })
    })

    it('treats a new user of an old name as somebody else', async () => {
      await users.createUser({ name: 'alice', password, role: 'reader' })
      const login = await storeLogin('alice')
      await users.deleteUser('alice')
      expect(await canLogIn('alice')).toBe(false)
      await users.createUser({ name: 'alice', password, role: 'reader' })
      expect(await login.left()).toEqual({ token: false, session: false })
    })

    it('keeps the last administrator who can log in', async () => {
      const last = { kind: 'conflict', details: [{ reason: 'lastAdministrator' }] }
      await users.createUser({ name: 'root', password, role: 'admin' })
      await users.createUser({ name: 'other', password, role: 'admin' })
      await users.disableUser('other')
      await expect(users.disableUser('root')).rejects.toMatchObject(last)
      await expect(users.deleteUser('root')).rejects.toMatchObject(last)
      await expect(users.changeRole('root', 'developer')).rejects.toMatchObject(last)
      await users.changeRole('root', 'admin')
      await users.enableUser('other')
      await users.deleteUser('root')
      expect(await names()).toEqual(['other'])
    })

    it('keeps one of two administrators who are taken away at the same moment', async () => {
      for (let round = 0; round < 5; round += 1) {
        await openTestPeople(test.database)
        await users.createUser({ name: 'ann', password, role: 'admin' })
        await users.createUser({ name: 'bob', password, role: 'admin' })
        const results = await Promise.allSettled([
          users.disableUser('ann'),
          users.changeRole('bob', 'reader'),
        ])
        const failures = results.filter((result) => result.status === 'rejected')
        expect(failures).toHaveLength(1)
        expect(failures[0]?.reason).toMatchObject({ kind: 'conflict' })
      }
    })

    it('creates the administrator at the first start only', async () => {
      const first = await users.ensureAdministrator({ name: 'admin' })
      expect(first).toEqual({ created: true, name: 'admin', password: expect.any(String) })
      expect(await canLogIn('admin', first.created ? first.password : '')).toBe(true)
      expect(await users.ensureAdministrator({ name: 'admin' })).toEqual({ created: false })
      expect(await users.ensureAdministrator({ name: 'other', password })).toEqual({
        created: false,
      })
      expect(await list()).toHaveLength(1)
    })

    it('is made at the first start even when another user was added before it', async () => {
      await users.createUser({ name: 'early', password, role: 'developer' })
      expect(await users.ensureAdministrator({ name: 'admin', password })).toMatchObject({
        created: true,
      })
      expect(await canLogIn('admin')).toBe(true)
    })

    it('gives the administrator the password that was chosen and does not repeat it', async () => {
      expect(await users.ensureAdministrator({ name: 'admin', password })).toEqual({
        created: true,
        name: 'admin',
        password: undefined,
      })
      expect(await canLogIn('admin')).toBe(true)
    })

    it('creates one administrator when several processes start at once', async () => {
      const starts = await Promise.all(
        [1, 2, 3].map(() => users.ensureAdministrator({ name: 'admin' })),
      )
      expect(starts.filter(({ created }) => created)).toHaveLength(1)
    })

    it('imports an htpasswd file whose users can log in', async () => {
      const hash = await hashBcrypt('old one', { cost: 4, version: '2y' })
      const imported = await users.importHtpasswd(`ci:${hash}\nalice:${hash}\n`, 'developer')
      expect(imported.map(({ name, role }) => `${name} ${role}`)).toEqual([
        'ci developer',
        'alice developer',
      ])
      expect(await canLogIn('alice', 'old one')).toBe(true)
      expect(await canLogIn('alice', 'old two')).toBe(false)
    })

    it('imports nothing when a line is faulty or a user exists', async () => {
      const hash = await hashBcrypt('old one', { cost: 4, version: '2y' })
      await expect(
        users.importHtpasswd(`ci:${hash}\nbob:{SHA}x\n`, 'reader'),
      ).rejects.toMatchObject({
        kind: 'requestInvalid',
        details: [{ line: 2 }],
      })
      await users.createUser({ name: 'alice', password, role: 'reader' })
      await expect(
        users.importHtpasswd(`ci:${hash}\n\nalice:${hash}\n`, 'reader'),
      ).rejects.toMatchObject({ kind: 'requestInvalid', details: [{ line: 3 }] })
      expect(await names()).toEqual(['alice'])
    })

    it('lists in pages by name or by creation, filtered', async () => {
      let now = Date.parse('2030-01-01T00:00:00Z')
      people = await openTestPeople(test.database, { now: () => (now += 1000) })
      ;({ users } = people)
      for (const [name, role] of [
        ['carl', 'reader'],
        ['anna', 'admin'],
        ['ann', 'reader'],
        ['bob', 'auditor'],
      ] as const) {
        await users.createUser({ name, password, role })
      }
      await users.disableUser('bob')
      expect(await names()).toEqual(['ann', 'anna', 'bob', 'carl'])
      expect(await names({ sort: 'createdAt' })).toEqual(['carl', 'anna', 'ann', 'bob'])
      expect(await names({ prefix: 'ann' })).toEqual(['ann', 'anna'])
      expect(await names({ role: 'reader' })).toEqual(['ann', 'carl'])
      expect(await names({ disabled: true })).toEqual(['bob'])
      expect(await names({ disabled: false })).toEqual(['ann', 'anna', 'carl'])
      expect(await names({ source: 'ldap' })).toEqual([])
      for (const sort of ['name', 'createdAt'] as const) {
        const seen: string[] = []
        for (let after: string | undefined; seen.length < 5; ) {
          const page = await users.listUsers({ limit: 1, sort, after })
          seen.push(...page.items.map(({ name }) => name))
          if (page.next === null) break
          after = page.next
        }
        expect(seen).toEqual(await names({ sort }))
      }
      await expect(names({ sort: 'createdAt', after: 'carl' })).rejects.toMatchObject({
        kind: 'requestInvalid',
      })
    })

    it('lists those created in the same moment once each', async () => {
      people = await openTestPeople(test.database, { now: () => 0 })
      ;({ users } = people)
      const hash = await hashBcrypt('old one', { cost: 4, version: '2y' })
      const lines = ['a', 'b', 'c', 'd'].map((name) => `${name}:${hash}`)
      await users.importHtpasswd(lines.join('\n'), 'reader')
      const first = await users.listUsers({ limit: 3, sort: 'createdAt' })
      const rest = await users.listUsers({ limit: 3, sort: 'createdAt', after: first.next ?? '' })
      const seen = [...first.items, ...rest.items].map(({ name }) => name)
      expect(seen.sort()).toEqual(['a', 'b', 'c', 'd'])
    })

    it('changes what is given, and refuses a change of what was not read', async () => {
      await users.createUser({ name: 'ann', password, role: 'reader', displayName: 'Ann' })
      const { version } = await users.updateUser('ann', { email: 'ann@example.com' })
      expect(await users.readUser('ann')).toMatchObject({
        role: 'reader',
        displayName: 'Ann',
        email: 'ann@example.com',
        source: 'local',
      })
      await users.updateUser('ann', { displayName: null }, commandLine, version)
      const stale = { kind: 'versionMismatch' }
      await expect(
        users.updateUser('ann', { role: 'admin' }, commandLine, version),
      ).rejects.toMatchObject(stale)
      await expect(users.deleteUser('ann', commandLine, version)).rejects.toMatchObject(stale)
      expect(await users.readUser('ann')).toMatchObject({ role: 'reader', displayName: undefined })
    })

    it.each([
      { displayName: '' },
      { displayName: ' a' },
      { displayName: 'a\nb' },
      { displayName: 'a'.repeat(129) },
      { email: 'nobody' },
      { email: 'a@b@c' },
      { email: `${'a'.repeat(64)}@${'b'.repeat(190)}` },
    ])('refuses the profile %j', async (profile) => {
      await expect(
        users.createUser({ name: 'ann', password, role: 'reader', ...profile }),
      ).rejects.toMatchObject({
        kind: 'requestInvalid',
        details: [{ field: Object.keys(profile)[0] }],
      })
    })

    it('tells the audit log of every change, and never a password or hash', async () => {
      const ann = await users.createUser({ name: 'ann', password, role: 'reader' })
      await users.changeRole('ann', 'developer')
      await users.changePassword('ann', 'another horse battery')
      await users.disableUser('ann')
      await users.enableUser('ann')
      await users.deleteUser('ann')
      const audit = await people.audit()
      expect(audit.map(({ action }) => action)).toEqual([
        'user.created',
        'user.updated',
        'user.passwordChanged',
        'user.disabled',
        'user.enabled',
        'user.deleted',
      ])
      expect(audit[1]).toMatchObject({
        target: 'ann',
        actor: 'command line',
        before: { role: 'reader' },
        after: { role: 'developer' },
      })
      expect(JSON.stringify(audit)).not.toMatch(/argon2|battery/)
      expect(JSON.stringify(audit)).not.toContain(ann.id)
    })

    it('signs a user out everywhere without changing the password', async () => {
      await users.createUser({ name: 'ann', password, role: 'reader' })
      const login = await storeLogin('ann')
      expect(await users.signOut('ann')).toBe(2)
      expect(await login.left()).toEqual({ token: false, session: false })
      expect(await canLogIn('ann')).toBe(true)
      expect(await users.signOut('ann')).toBe(0)
      await expect(users.signOut('nobody')).rejects.toMatchObject({ kind: 'notFound' })
    })

    it('asks whether the caller may, in the transaction of every change', async () => {
      await users.createUser({ name: 'ann', password, role: 'reader' })
      const context = { ...commandLine, check: () => Promise.reject(new Error('may not')) }
      for (const change of [
        () => users.createUser({ name: 'bob', password, role: 'admin' }, context),
        () => users.updateUser('ann', { role: 'admin' }, context),
        () => users.changePassword('ann', 'another horse battery', context),
        () => users.deleteUser('ann', context),
        () => users.importHtpasswd(`x:$2y$04$${'a'.repeat(53)}`, 'admin', context),
      ]) {
        await expect(change()).rejects.toThrow('may not')
      }
      expect(await list()).toMatchObject([{ name: 'ann', role: 'reader' }])
      expect(await canLogIn('ann')).toBe(true)
    })
  })
})
