import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StoredUser } from '../metadata/users.ts'
import { updateUser } from '../metadata/users.ts'
import { removeSessionsOfUser } from '../metadata/sessions.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { contextOf, openTestSignIn, type TestSignIn } from '../testing/open-test-sign-in.ts'
import { readSessionCookie } from './session-cookie.ts'

const minute = 60_000
const hour = 60 * minute

describe.each(testDatabases)('Sessions on $name', (engine) => {
  describe.skipIf(!engine.available)('of two users', () => {
    let test: TestDatabase
    let services: TestSignIn
    let alice: StoredUser
    let bob: StoredUser
    let now: number
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      now = Date.UTC(2030, 0, 1)
      services = await openTestSignIn(test.database, { now: () => now })
      alice = await services.addUser('alice')
      bob = await services.addUser('bob')
    })

    const create = (user = alice, more: { secure?: boolean; passwordHash?: string } = {}) =>
      services.sessions.create({
        userId: user.id,
        method: 'password',
        address: '192.0.2.1',
        userAgent: 'Firefox',
        secure: false,
        ...more,
      })
    const cookieOf = ({ cookie }: { cookie: string }) => cookie.split(';')[0] ?? ''
    const isSignedIn = async (session: { cookie: string }) =>
      (await services.sessions.authenticate(cookieOf(session))) !== undefined
    const epoch = async () => {
      const query = test.database.read.selectFrom('access_epoch').select('value')
      return (await query.executeTakeFirstOrThrow()).value
    }

    it('knows a browser by its cookie, of which it keeps a hash only', async () => {
      const session = await create()
      expect(session.cookie).toMatch(
        /^berth_session=berth_session_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
      )
      expect(
        await services.sessions.authenticate(`theme=dark; ${cookieOf(session)}; other=1`),
      ).toEqual({ sessionId: session.id, userId: alice.id })
      const rows = await test.database.read.selectFrom('sessions').selectAll().execute()
      expect(JSON.stringify(rows)).not.toContain(cookieOf(session).slice(-43))
    })

    it('binds the cookie to TLS and to the host where the browser came that way', async () => {
      const session = await create(alice, { secure: true })
      expect(session.cookie).toMatch(
        /^__Host-berth_session=berth_session_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      )
      expect(await isSignedIn(session)).toBe(true)
      // Another host of the domain can plant a cookie of the plain name, not of the other.
      const planted = cookieOf(session).replace('__Host-', '')
      expect(await services.sessions.authenticate(planted)).toBeUndefined()
      expect(services.sessions.clearCookie(true)).toBe(
        '__Host-berth_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
      )
    })

    it('takes no other cookie', async () => {
      await create()
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.string({ maxLength: 200 }),
            fc.string({ maxLength: 60 }).map((text) => `berth_session=${text}`),
            fc
              .base64String({ minLength: 40, maxLength: 48 })
              .map((text) => `berth_session=berth_session_${text}`),
          ),
          async (header) => {
            expect(await services.sessions.authenticate(header)).toBeUndefined()
          },
        ),
        { numRuns: 50 },
      )
      expect(readSessionCookie(';;;=;'.repeat(1000))).toBeUndefined()
    })

    it('ends when it is not used for an hour, and after twelve in any case', async () => {
      const idle = await create()
      const busy = await create()
      for (let minutes = 0; minutes < 12 * 60 - 30; minutes += 30) {
        now += 30 * minute
        expect(await isSignedIn(busy)).toBe(true)
        if (minutes === 0) expect(await services.sessions.list(alice.id)).toHaveLength(2)
        else expect(await isSignedIn(idle)).toBe(false)
      }
      now += 30 * minute - 1
      expect(await isSignedIn(busy)).toBe(true)
      now += 1
      expect(await isSignedIn(busy)).toBe(false)
      expect(await services.sessions.removeExpired(1)).toBe(1)
      expect(await services.sessions.removeExpired(5)).toBe(1)
    })

    it('writes the use down once a minute, and counts no epoch up for it', async () => {
      const session = await create()
      const before = await epoch()
      const lastUsed = async () => (await services.sessions.list(alice.id))[0]?.lastUsedAt
      now += minute - 1
      await isSignedIn(session)
      expect(await lastUsed()).toBe('2030-01-01T00:00:00.000Z')
      now += 1
      await isSignedIn(session)
      expect(await lastUsed()).toBe('2030-01-01T00:01:00.000Z')
      expect(await epoch()).toBe(before)
    })

    it('starts a new one at every sign-in, and ends the oldest beyond a hundred', async () => {
      const sessions: Awaited<ReturnType<typeof create>>[] = []
      for (let count = 0; count < 101; count += 1) {
        sessions.push(await create())
        now += 1
      }
      expect(new Set(sessions.map(({ id }) => id)).size).toBe(101)
      expect(new Set(sessions.map(({ cookie }) => cookie)).size).toBe(101)
      const signedIn = await Promise.all(sessions.map(isSignedIn))
      expect(
        signedIn.map((is, index) => (is ? -1 : index)).filter((index) => index !== -1),
      ).toEqual([0])
      expect(await services.sessions.list(alice.id)).toHaveLength(100)
    })

    it('lists a user’s own, and ends one, all but one, and all, at once', async () => {
      const [first, second, third] = [await create(), await create(), await create()]
      const others = await create(bob)
      const context = contextOf(alice)
      const before = await epoch()
      await services.sessions.revoke(context, alice.id, second.id)
      expect(await isSignedIn(second)).toBe(false)
      expect(await epoch()).toBe(before + 1)
      await expect(services.sessions.revoke(context, alice.id, second.id)).rejects.toMatchObject({
        kind: 'notFound',
      })
      await expect(services.sessions.revoke(context, alice.id, others.id)).rejects.toMatchObject({
        kind: 'notFound',
      })
      expect(await services.sessions.revokeAll(context, alice.id, first.id)).toBe(1)
      expect(await isSignedIn(third)).toBe(false)
      expect(await services.sessions.list(alice.id)).toEqual([
        {
          id: first.id,
          method: 'password',
          address: '192.0.2.1',
          userAgent: 'Firefox',
          createdAt: '2030-01-01T00:00:00.000Z',
          lastUsedAt: '2030-01-01T00:00:00.000Z',
          expiresAt: '2030-01-01T01:00:00.000Z',
        },
      ])
      expect(await isSignedIn(others)).toBe(true)
      expect(await services.sessions.revokeAllOf(contextOf(bob), 'alice')).toBe(1)
      expect(await isSignedIn(first)).toBe(false)
      await expect(services.sessions.revokeAllOf(contextOf(bob), 'nobody')).rejects.toMatchObject({
        kind: 'notFound',
      })
      expect((await services.audit()).map(({ action }) => action)).toEqual([
        'session.created',
        'session.created',
        'session.created',
        'session.created',
        'session.revoked',
        'session.revokedAll',
        'session.revokedAll',
      ])
    })

    it('starts none for a user who was disabled, deleted or got another password meanwhile', async () => {
      const refusal = { kind: 'unauthenticated', details: [{ reason: 'invalidCredentials' }] }
      await expect(create(alice, { passwordHash: 'another' })).rejects.toMatchObject(refusal)
      await create(alice, { passwordHash: '' })
      const disabledAt = '2030-01-01T00:00:00.000Z'
      await test.database.transaction((tx) => updateUser(tx, alice.id, { disabledAt }))
      await expect(create()).rejects.toMatchObject(refusal)
      await expect(create({ ...bob, id: 'nobody' })).rejects.toMatchObject(refusal)
    })

    it('ends all with the transaction that disables a user', async () => {
      const [first, second, others] = [await create(), await create(), await create(bob)]
      await test.database.transaction((tx) => removeSessionsOfUser(tx, alice.id))
      expect(await Promise.all([first, second, others].map(isSignedIn))).toEqual([
        false,
        false,
        true,
      ])
    })

    it('makes a CSRF token that fits one session only, on every node', async () => {
      const [first, second] = [await create(), await create()]
      const { sessions } = services
      expect(first.csrfToken).toBe(sessions.csrfToken(first.id))
      expect(sessions.checkCsrf(first.id, first.csrfToken)).toBe(true)
      for (const token of [
        second.csrfToken,
        '',
        first.csrfToken.slice(1),
        `${first.csrfToken}x`,
        'é'.repeat(43),
      ]) {
        expect(sessions.checkCsrf(first.id, token)).toBe(false)
      }
    })

    it('keeps of a browser’s name what can be printed', async () => {
      await services.sessions.create({
        userId: alice.id,
        method: 'password',
        address: '192.0.2.1',
        userAgent: `\u001b[31m${'x'.repeat(1000)}`,
        secure: false,
      })
      const userAgent = (await services.sessions.list(alice.id))[0]?.userAgent ?? ''
      expect(userAgent).toMatch(/^\?\[31mx+$/)
      expect(userAgent).toHaveLength(256)
    })

    it('counts shorter limits for sessions that exist already', async () => {
      const session = await create()
      now += 10 * minute
      const { database } = test
      const { Sessions } = await import('./sessions.ts')
      const limits = { idleMinutes: 5, absoluteHours: 12 }
      const { changes } = services
      const strict = await Sessions.open({ database, changes, limits, now: () => now })
      expect(await strict.authenticate(cookieOf(session))).toBeUndefined()
      expect(await isSignedIn(session)).toBe(true)
      now += 2 * hour
      expect(await isSignedIn(session)).toBe(false)
    })
  })
})
