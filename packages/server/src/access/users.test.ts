import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import type { Authenticator } from './authenticate.ts'
import { openAccess } from './open.ts'
import type { TokenService } from './tokens.ts'
import type { Users } from './users.ts'

const password = 'correct horse battery'
const basic = (name: string, secret = password) =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
const refused = (reason: string) => ({ kind: 'requestInvalid', details: [{ reason }] })

describe.each(testDatabases)('Users on $name', (engine) => {
  describe.skipIf(!engine.available)('on an empty database', () => {
    let test: TestDatabase
    let users: Users
    let tokens: TokenService
    let authenticator: Authenticator
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction((tx) => tx.deleteFrom('users').execute())
      const options = {
        anonymousRole: 'none',
        tokenLifetimeSeconds: 300,
        refreshTokenLifetimeDays: 90,
      } as const
      ;({ users, tokens, authenticator } = await openAccess({ database: test.database, options }))
    })

    const canLogIn = (name: string, secret?: string) =>
      authenticator.authenticate(basic(name, secret)).then(
        () => true,
        () => false,
      )
    const storeLogin = async (name: string) => {
      const credentials = { name, password }
      const answer = await tokens.issue({
        credentials,
        scopes: [],
        offline: true,
        clientId: 'docker',
      })
      return answer.refresh_token ?? ''
    }
    const canRefresh = (refreshToken: string) =>
      tokens
        .issue({ credentials: { refreshToken }, scopes: [], offline: false, clientId: 'docker' })
        .then(
          () => true,
          () => false,
        )

    it('creates users who can log in, and lists them by name', async () => {
      await users.createUser({ name: 'bob', password, role: 'writer' })
      const alice = await users.createUser({ name: 'alice', password, role: 'reader' })
      expect(await canLogIn('alice')).toBe(true)
      expect(await users.listUsers()).toEqual([
        alice,
        expect.objectContaining({ name: 'bob', role: 'writer', disabledAt: undefined }),
      ])
      expect(JSON.stringify(await users.listUsers())).not.toContain('argon2')
    })

    it('refuses a name that is taken, also when both come at once', async () => {
      const create = () => users.createUser({ name: 'alice', password, role: 'reader' })
      const results = await Promise.allSettled([create(), create()])
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(create()).rejects.toMatchObject(refused('userExists'))
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
      expect(await users.listUsers()).toEqual([])
    })

    it('says so when there is no such user', async () => {
      const unknown = refused('userUnknown')
      await expect(users.changePassword('nobody', password)).rejects.toMatchObject(unknown)
      await expect(users.changeRole('nobody', 'admin')).rejects.toMatchObject(unknown)
      await expect(users.disableUser('nobody')).rejects.toMatchObject(unknown)
      await expect(users.enableUser('nobody')).rejects.toMatchObject(unknown)
      await expect(users.deleteUser('nobody')).rejects.toMatchObject(unknown)
      await expect(tokens.revokeRefreshTokens('nobody')).rejects.toMatchObject(unknown)
    })

    it('ends the old password and stored logins with a change of password', async () => {
      await users.createUser({ name: 'alice', password, role: 'reader' })
      const refreshToken = await storeLogin('alice')
      expect(await canLogIn('alice')).toBe(true)
      await users.changePassword('alice', 'another horse battery')
      expect(await canLogIn('alice')).toBe(false)
      expect(await canLogIn('alice', 'another horse battery')).toBe(true)
      expect(await canRefresh(refreshToken)).toBe(false)
    })

    it('locks a disabled user out at once and ends stored logins for good', async () => {
      await users.createUser({ name: 'alice', password, role: 'reader' })
      const refreshToken = await storeLogin('alice')
      expect(await canLogIn('alice')).toBe(true)
      expect((await users.disableUser('alice')).disabledAt).toBeTypeOf('string')
      expect(await canLogIn('alice')).toBe(false)
      expect(await canRefresh(refreshToken)).toBe(false)
      expect((await users.enableUser('alice')).disabledAt).toBeUndefined()
      expect(await canLogIn('alice')).toBe(true)
      expect(await canRefresh(refreshToken)).toBe(false)
    })

    it('treats a new user of an old name as somebody else', async () => {
      await users.createUser({ name: 'alice', password, role: 'reader' })
      const refreshToken = await storeLogin('alice')
      await users.deleteUser('alice')
      expect(await canLogIn('alice')).toBe(false)
      await users.createUser({ name: 'alice', password, role: 'reader' })
      expect(await canRefresh(refreshToken)).toBe(false)
    })

    it('never lets a stored login outlive a change of password made at the same moment', async () => {
      for (let round = 0; round < 4; round += 1) {
        const name = `user${round}`
        await users.createUser({ name, password, role: 'reader' })
        expect(await canLogIn(name)).toBe(true)
        const [login] = await Promise.allSettled([
          Promise.all([storeLogin(name), storeLogin(name), storeLogin(name)]),
          users.changePassword(name, 'another horse battery'),
        ])
        if (login.status === 'fulfilled') {
          for (const refreshToken of login.value) expect(await canRefresh(refreshToken)).toBe(false)
        }
        expect(await tokens.revokeRefreshTokens(name)).toBe(0)
      }
    })

    it('keeps the last administrator who can log in', async () => {
      const last = refused('lastAdministrator')
      await users.createUser({ name: 'root', password, role: 'admin' })
      await users.createUser({ name: 'other', password, role: 'admin' })
      await users.disableUser('other')
      await expect(users.disableUser('root')).rejects.toMatchObject(last)
      await expect(users.deleteUser('root')).rejects.toMatchObject(last)
      await expect(users.changeRole('root', 'writer')).rejects.toMatchObject(last)
      await users.changeRole('root', 'admin')
      await users.enableUser('other')
      await users.deleteUser('root')
      expect((await users.listUsers()).map(({ name }) => name)).toEqual(['other'])
    })

    it('keeps one of two administrators who are taken away at the same moment', async () => {
      for (let round = 0; round < 5; round += 1) {
        await test.database.transaction((tx) => tx.deleteFrom('users').execute())
        await users.createUser({ name: 'ann', password, role: 'admin' })
        await users.createUser({ name: 'bob', password, role: 'admin' })
        const results = await Promise.allSettled([
          users.disableUser('ann'),
          users.changeRole('bob', 'reader'),
        ])
        const failures = results.filter((result) => result.status === 'rejected')
        expect(failures).toHaveLength(1)
        expect(failures[0]?.reason).toMatchObject(refused('lastAdministrator'))
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
      expect(await users.listUsers()).toHaveLength(1)
    })

    it('is made at the first start even when another user was added before it', async () => {
      await users.createUser({ name: 'early', password, role: 'writer' })
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
      const imported = await users.importHtpasswd(`ci:${hash}\nalice:${hash}\n`, 'writer')
      expect(imported.map(({ name, role }) => `${name} ${role}`)).toEqual([
        'ci writer',
        'alice writer',
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
      expect((await users.listUsers()).map(({ name }) => name)).toEqual(['alice'])
    })
  })
})
