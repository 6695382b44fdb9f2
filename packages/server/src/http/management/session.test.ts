import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../../access/caller.ts'
import { totpCode } from '../../access/totp.ts'
import { findSecondFactor } from '../../metadata/second-factors.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import {
  anonymousCaller,
  openTestManagement,
  testCaller,
  type TestManagement,
} from '../../testing/open-test-management.ts'
import { openTestSignIn, type TestSignIn } from '../../testing/open-test-sign-in.ts'
import { secondFactorRoutes } from './second-factor.ts'
import { sessionRoutes } from './session.ts'
import { sessionsRoutes } from './sessions.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('signing in through the management API on $name', (engine) => {
  describe.skipIf(!engine.available)('as a user with a password', () => {
    let test: TestDatabase
    let services: TestSignIn
    let api: TestManagement
    let protocol: 'http' | 'https'
    let now: number
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      now = Date.UTC(2030, 0, 1)
      protocol = 'https'
      services = await openTestSignIn(test.database, { now: () => now })
      const passwordHash = await services.passwords.hash(password)
      await services.addUser('alice', { passwordHash, role: 'developer' })
      const { sessions, signIn, secondFactor } = services
      api = await openTestManagement({
        bindings: [...sessionRoutes, ...sessionsRoutes, ...secondFactorRoutes],
        database: test.database,
        door: {
          sessions,
          signIn,
          secondFactor,
          forwarding: { externalOrigin: () => ({ protocol, host: 'berth', prefix: '' }) },
        },
      })
      // As the application does it: by the cookie, and nobody without one.
      api.setCaller(async ({ request }) => {
        const cookie = request.headers.cookie
        const session = cookie === undefined ? undefined : await sessions.authenticate(cookie)
        return session ? aliceWith(session.sessionId) : anonymousCaller()
      })
      return () => api.close()
    })

    const aliceWith = (sessionId: string | undefined): Caller =>
      testCaller({
        actor: { kind: 'user', id: 'id-of-alice', name: 'alice' },
        credentials: sessionId === undefined ? 'password' : 'session',
        ...(sessionId !== undefined && { sessionId }),
        mayInstance: (action) => action === 'catalog',
        mayProject: () => Promise.resolve(false),
      })
    const signIn = (more: object = {}) =>
      api.send('POST', '/session', {
        body: { name: 'alice', password, ...more },
        headers: { 'user-agent': 'Firefox' },
      })
    /** Signs in; what to send with later requests. */
    const start = async () => {
      const answer = await signIn()
      const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
      const id = (await services.sessions.authenticate(cookie))?.sessionId ?? ''
      return { id, headers: { cookie, 'x-berth-csrf': `csrf-of-${id}` } }
    }

    it('starts a session with a cookie, says who it is, and ends it', async () => {
      const answer = await signIn()
      expect(answer.status).toBe(201)
      expect(answer.body).toMatchObject({
        user: { name: 'alice', role: 'developer' },
        csrfToken: expect.any(String),
        expiresAt: '2030-01-01T01:00:00.000Z',
      })
      expect(answer.headers.get('set-cookie')).toMatch(
        /^__Host-berth_session=.*; HttpOnly; SameSite=Lax; Secure$/,
      )
      expect(JSON.stringify(answer.body)).not.toContain('argon2')
      const { id, headers } = await start()
      expect((await api.send('GET', '/session', { headers })).body).toMatchObject({
        actor: { kind: 'user', id: 'id-of-alice', name: 'alice' },
        credentials: 'session',
        user: { name: 'alice' },
        role: 'developer',
        allowed: ['catalog'],
        session: {
          id,
          csrfToken: services.sessions.csrfToken(id),
          idleMinutes: 60,
          absoluteHours: 12,
        },
      })
      const ended = await api.send('DELETE', '/session', { headers })
      expect(ended.status).toBe(204)
      expect(ended.headers.get('set-cookie')).toMatch(/^__Host-berth_session=;.*Max-Age=0$/)
      expect((await api.send('GET', '/session', { headers })).status).toBe(401)
    })

    it('sends a plain cookie where there is no TLS', async () => {
      protocol = 'http'
      expect((await signIn()).headers.get('set-cookie')).toMatch(/^berth_session=.*SameSite=Lax$/)
    })

    it('says who somebody is who came without a session', async () => {
      api.setCaller(aliceWith(undefined))
      expect((await api.send('GET', '/session')).body).toMatchObject({
        credentials: 'password',
        session: null,
      })
      api.setCaller(
        testCaller({ actor: { kind: 'robot', id: 'r', name: 'robot' }, credentials: 'key' }),
      )
      expect((await api.send('GET', '/session')).body).toMatchObject({ user: null, role: null })
    })

    it('refuses a wrong pair in the same words whether the name exists, then for a while all', async () => {
      const refuse = async (name: string) => {
        const { status, body } = await signIn({ name, password: 'wrong' })
        return { status, detail: (body as { detail: string }).detail }
      }
      expect(await refuse('alice')).toEqual(await refuse('nobody'))
      expect((await refuse('alice')).status).toBe(401)
      for (let round = 0; round < 3; round += 1) await refuse('alice')
      const blocked = await signIn()
      expect(blocked.status).toBe(429)
      expect(JSON.stringify(blocked.body)).toContain('"retryAfterSeconds":1')
    })

    it.each([
      [{ name: '' }],
      [{ password: '' }],
      [{ password: 'x'.repeat(257) }],
      [{ code: '1' }],
      [{ role: 'admin' }],
    ])('refuses a body with %j before anything is looked at', async (more) => {
      expect((await signIn(more)).status).toBe(400)
      expect(await services.audit()).toEqual([])
    })

    it('never uses a session again that the browser had before', async () => {
      const before = await start()
      const again = await api.send('POST', '/session', {
        body: { name: 'alice', password },
        headers: before.headers,
      })
      expect(again.status).toBe(201)
      expect(again.headers.get('set-cookie')).not.toContain(before.headers.cookie)
    })

    it('lists and ends the sessions of the one who asks', async () => {
      const [first, second] = [await start(), await start()]
      const list = await api.send('GET', '/sessions', first)
      expect(list.body).toMatchObject({
        items: expect.arrayContaining([
          expect.objectContaining({ id: first.id, current: true, userAgent: 'Firefox' }),
          expect.objectContaining({ id: second.id, current: false }),
        ]),
      })
      expect((await api.send('DELETE', `/sessions/${second.id}`, first)).status).toBe(204)
      expect((await api.send('DELETE', `/sessions/${second.id}`, first)).status).toBe(404)
      expect((await api.send('GET', '/sessions', second)).status).toBe(401)
      await start()
      expect((await api.send('DELETE', '/sessions', first)).body).toEqual({ ended: 1 })
      expect((await api.send('DELETE', '/sessions?except=none', first)).body).toEqual({ ended: 1 })
      expect((await api.send('GET', '/sessions', first)).status).toBe(401)
    })

    it('lists and ends those of others for who may manage users only', async () => {
      const { headers } = await start()
      expect((await api.send('GET', '/users/alice/sessions', { headers })).status).toBe(403)
      expect((await api.send('DELETE', '/users/alice/sessions', { headers })).status).toBe(403)
      api.setCaller(testCaller())
      expect((await api.send('GET', '/users/alice/sessions')).body).toMatchObject({
        items: [{ method: 'password', current: false }],
      })
      expect((await api.send('DELETE', '/users/alice/sessions')).body).toEqual({ ended: 1 })
      expect((await api.send('GET', '/users/nobody/sessions')).status).toBe(404)
      expect((await api.send('DELETE', '/users/nobody/sessions')).status).toBe(404)
    })

    it('leads through the second factor from its beginning to its end', async () => {
      const { headers } = await start()
      const code = async () => {
        now += 30_000
        const factor = await findSecondFactor(test.database.read, 'id-of-alice')
        const secret = services.codes.decrypt('id-of-alice', factor?.secret ?? '')
        return totpCode(secret, Math.floor(now / 30_000))
      }
      expect((await api.send('GET', '/second-factor', { headers })).body).toEqual({
        active: false,
        since: null,
        recoveryCodesLeft: 0,
      })
      const begun = await api.send('POST', '/second-factor', { headers })
      expect(begun.body).toMatchObject({ uri: expect.stringContaining('otpauth://totp/') })
      const wrong = { headers, body: { code: '12345' } }
      expect((await api.send('POST', '/second-factor/confirm', wrong)).status).toBe(400)
      const confirm = { headers, body: { code: await code() } }
      const confirmed = await api.send('POST', '/second-factor/confirm', confirm)
      expect(confirmed.status).toBe(201)
      const { recoveryCodes } = confirmed.body as { recoveryCodes: string[] }
      expect((await api.send('POST', '/second-factor', { headers })).status).toBe(409)

      const refused = await signIn()
      expect(refused.status).toBe(401)
      expect(JSON.stringify(refused.body)).toContain('"reason":"secondFactorRequired"')
      expect((await signIn({ code: await code() })).status).toBe(201)
      expect((await signIn({ code: recoveryCodes[0] })).status).toBe(201)
      const renew = { headers, body: { password, code: await code() } }
      expect((await api.send('POST', '/second-factor/recovery-codes', renew)).status).toBe(201)
      const disable = { headers, body: { password, code: await code() } }
      expect((await api.send('POST', '/second-factor/disable', disable)).status).toBe(204)
      expect((await signIn()).status).toBe(201)
      api.setCaller(testCaller())
      expect((await api.send('DELETE', '/users/alice/second-factor')).status).toBe(409)
      expect((await api.send('DELETE', '/users/nobody/second-factor')).status).toBe(404)
      expect(api.failures).toEqual([])
    })
  })
})
