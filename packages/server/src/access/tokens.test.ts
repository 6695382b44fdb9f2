import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openAccess } from './open.ts'
import type { TokenRequest } from './tokens.ts'

const password = 'correct horse battery'
const dayMs = 86_400_000

describe.each(testDatabases)('TokenService on $name', (engine) => {
  describe.skipIf(!engine.available)('issues', () => {
    let test: TestDatabase
    let access: Awaited<ReturnType<typeof openAccess>>
    let now = Date.UTC(2030, 0, 1)
    const configWith = (anonymousRole: 'none' | 'reader') =>
      loadConfig({ environment: {}, overrides: { access: { anonymousRole } } })
    beforeAll(async () => {
      test = await engine.open()
      access = await openAccess({
        database: test.database,
        config: configWith('reader'),
        now: () => now,
      })
      await access.users.createUser({ name: 'root', password, role: 'admin' })
      await access.users.createUser({ name: 'wren', password, role: 'developer' })
    })
    afterAll(async () => {
      await test.close()
    })

    const issue = (request: Partial<TokenRequest>) =>
      access.tokens.issue({
        credentials: undefined,
        scopes: [],
        offline: false,
        clientId: 'docker',
        address: () => '192.0.2.1',
        ...request,
      })
    const logIn = async (name = 'wren') => {
      const answer = await issue({ credentials: { name, password }, offline: true })
      return answer.refresh_token ?? ''
    }

    it('a token with the claims of CNCF distribution and what was granted', async () => {
      const answer = await issue({
        credentials: { name: 'wren', password },
        scopes: ['repository:team/app:pull,push,delete', 'registry:catalog:*'],
      })
      expect(answer).toEqual({
        token: expect.any(String),
        access_token: answer.token,
        expires_in: 300,
        issued_at: '2030-01-01T00:00:00.000Z',
        scope: 'repository:team/app:pull,push registry:catalog:*',
      })
      const seconds = now / 1000
      expect(decodeProtectedHeader(answer.token)).toEqual({ alg: 'HS256', typ: 'JWT' })
      expect(decodeJwt(answer.token)).toEqual({
        iss: 'berth',
        sub: expect.any(String),
        aud: 'berth-registry',
        exp: seconds + 300,
        nbf: seconds - 30,
        iat: seconds,
        jti: expect.any(String),
        pwd: expect.any(String),
        access: [
          { type: 'repository', name: 'team/app', actions: ['pull', 'push'] },
          { type: 'registry', name: 'catalog', actions: ['*'] },
        ],
      })
    })

    it('a token without access when no scope is asked or none is granted', async () => {
      const credentials = { name: 'wren', password }
      expect((await issue({ credentials })).scope).toBe('')
      const answer = await issue({ credentials, scopes: ['repository:a:delete'] })
      expect(answer.scope).toBe('')
      expect(decodeJwt(answer.token)).toMatchObject({ access: [] })
    })

    it('a caller without credentials what the anonymous role allows, and no refresh token', async () => {
      const answer = await issue({ scopes: ['repository:a:pull,push'], offline: true })
      expect(answer.scope).toBe('repository:a:pull')
      expect(answer.refresh_token).toBeUndefined()
      expect(decodeJwt(answer.token)).toMatchObject({ sub: '' })
    })

    it('a caller without credentials an empty token when nothing is open', async () => {
      const closed = await openAccess({
        database: test.database,
        config: configWith('none'),
      })
      const answer = await closed.tokens.issue({
        credentials: undefined,
        scopes: ['repository:a:pull'],
        offline: false,
        clientId: '',
        address: () => '192.0.2.1',
      })
      expect(answer.scope).toBe('')
    })

    it.each([
      ['a wrong password', { name: 'wren', password: 'wrong horse battery' }, 'invalidCredentials'],
      ['an unknown user', { name: 'nobody', password }, 'invalidCredentials'],
      ['an empty password', { name: 'wren', password: '' }, 'invalidCredentials'],
      [
        'an unknown refresh token',
        { refreshToken: `berth_refresh_${'a'.repeat(43)}` },
        'invalidRefreshToken',
      ],
      ['a refresh token of another shape', { refreshToken: 'x' }, 'invalidRefreshToken'],
    ])('nothing for %s', async (_, credentials, reason) => {
      await expect(issue({ credentials })).rejects.toMatchObject({
        kind: 'unauthenticated',
        details: [{ reason }],
      })
    })

    it('a token that fits into a header even for the most scopes', async () => {
      const names = Array.from({ length: 64 }, (_, index) =>
        `${index}`.padStart(3, '0').padEnd(81, 'x'),
      )
      const scopes = names.map((name) => `repository:${name}:*`)
      const answer = await issue({ credentials: { name: 'root', password }, scopes })
      expect(answer.scope.split(' ')).toHaveLength(64)
      expect(answer.token.length).toBeLessThan(14 * 1024)
    })

    it('a refresh token when asked, good for tokens with any scope, again and again', async () => {
      const refreshToken = await logIn()
      expect(refreshToken).toMatch(/^berth_refresh_[A-Za-z0-9_-]{43}$/)
      const credentials = { refreshToken }
      const scopes = ['repository:a:pull,push,delete']
      const first = await issue({ credentials, scopes })
      expect(first.scope).toBe('repository:a:pull,push')
      expect(first.refresh_token).toBeUndefined()
      expect((await issue({ credentials, scopes, offline: true })).refresh_token).toBe(refreshToken)
    })

    it('refresh tokens that are not stored as such', async () => {
      const refreshToken = await logIn()
      const rows = await test.database.read.selectFrom('refresh_tokens').selectAll().execute()
      expect(rows.length).toBeGreaterThan(0)
      expect(JSON.stringify(rows)).not.toContain(refreshToken)
    })

    it('client names of bounded length without control characters', async () => {
      const clientId = `\u001b[2J${'x'.repeat(500)}`
      await issue({ credentials: { name: 'wren', password }, offline: true, clientId })
      const rows = await test.database.read
        .selectFrom('refresh_tokens')
        .select('client_id')
        .execute()
      const stored = rows.map((row) => row.client_id).find((name) => name.includes('[2J'))
      expect(stored).toBe(`?[2J${'x'.repeat(124)}`)
    })

    it('nothing for a refresh token that was revoked, was signed out or belongs to a demoted user beyond the role', async () => {
      const refreshToken = await logIn()
      const credentials = { refreshToken }
      const scopes = ['repository:a:pull,push']
      await access.users.changeRole('wren', 'reader')
      expect((await issue({ credentials, scopes })).scope).toBe('repository:a:pull')
      await access.users.changeRole('wren', 'developer')
      expect(await access.users.signOut('wren')).toBeGreaterThan(0)
      await expect(issue({ credentials })).rejects.toMatchObject({ kind: 'unauthenticated' })
      expect(await access.users.signOut('wren')).toBe(0)
    })

    it('nothing for a refresh token unused for its lifetime, while use moves the end on', async () => {
      const used = await logIn()
      const unused = await logIn()
      now += 60 * dayMs
      await issue({ credentials: { refreshToken: used } })
      now += 31 * dayMs
      await expect(issue({ credentials: { refreshToken: unused } })).rejects.toMatchObject({
        details: [{ reason: 'invalidRefreshToken' }],
      })
      await issue({ credentials: { refreshToken: used } })
      now += 90 * dayMs
      await expect(issue({ credentials: { refreshToken: used } })).rejects.toMatchObject({
        details: [{ reason: 'invalidRefreshToken' }],
      })
    })

    it('writes the use of a refresh token down once an hour at most', async () => {
      await access.users.signOut('wren')
      const refreshToken = await logIn()
      const lastUsed = async () => {
        const rows = await test.database.read
          .selectFrom('refresh_tokens')
          .select('last_used_at')
          .execute()
        return rows.map((row) => Date.parse(row.last_used_at) - start)
      }
      const start = now
      now += 59 * 60_000
      await issue({ credentials: { refreshToken } })
      expect(await lastUsed()).toEqual([0])
      now += 60_000
      await issue({ credentials: { refreshToken } })
      expect(await lastUsed()).toEqual([3_600_000])
    })
  })
})
