import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findSecondFactor } from '../metadata/second-factors.ts'
import type { StoredUser } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { contextOf, openTestSignIn, type TestSignIn } from '../testing/open-test-sign-in.ts'
import { totpCode } from './totp.ts'

const password = 'correct horse battery'
const reason = (kind: string, text: string) => ({
  kind,
  details: [expect.objectContaining({ reason: text })],
})

describe.each(testDatabases)('SecondFactor on $name', (engine) => {
  describe.skipIf(!engine.available)('of a user with a password', () => {
    let test: TestDatabase
    let services: TestSignIn
    let alice: StoredUser
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
      const passwordHash = await services.passwords.hash(password)
      alice = await services.addUser('alice', { passwordHash })
    })

    const code = async () => {
      const factor = await findSecondFactor(test.database.read, alice.id)
      const secret = services.codes.decrypt(alice.id, factor?.secret ?? '')
      return totpCode(secret, Math.floor(now / 30_000))
    }
    const enable = async (sessionId?: string) => {
      await services.secondFactor.begin(contextOf(alice), alice.id)
      const proof = { code: await code(), sessionId }
      return services.secondFactor.confirm(contextOf(alice), alice.id, proof)
    }
    const signIn = (given: string | undefined) =>
      services.signIn.signIn({
        name: 'alice',
        password,
        code: given,
        address: '192.0.2.1',
        userAgent: '',
        secure: true,
        requestId: 'r1',
      })

    it('counts for nothing until a code has confirmed it', async () => {
      const { secret, uri } = await services.secondFactor.begin(contextOf(alice), alice.id)
      expect(secret).toMatch(/^[A-Z2-7]{32}$/)
      expect(uri).toContain(`otpauth://totp/Berth:alice?secret=${secret}&`)
      expect((await services.secondFactor.state(alice.id)).active).toBe(false)
      expect((await signIn(undefined)).user.name).toBe('alice')
      await expect(
        services.secondFactor.confirm(contextOf(alice), alice.id, {
          code: '12345',
          sessionId: undefined,
        }),
      ).rejects.toMatchObject(reason('requestInvalid', 'secondFactorInvalid'))
    })

    it('keeps the secret encrypted, so that a row copied to another user does not open', async () => {
      const { secret } = await services.secondFactor.begin(contextOf(alice), alice.id)
      const stored = (await findSecondFactor(test.database.read, alice.id))?.secret ?? ''
      expect(stored).not.toContain(secret)
      expect(services.codes.decrypt(alice.id, stored)).toHaveLength(20)
      expect(() => services.codes.decrypt('somebody-else', stored)).toThrow()
      expect(() => services.codes.decrypt(alice.id, `A${stored.slice(1)}`)).toThrow()
    })

    it('wants a code from then on, each once, and ends what the password alone had opened', async () => {
      const [kept, ended] = [await signIn(undefined), await signIn(undefined)]
      const isSignedIn = async ({ session }: typeof kept) =>
        (await services.sessions.authenticate(session.cookie.split(';')[0] ?? '')) !== undefined
      expect(await enable(kept.session.id)).toHaveLength(10)
      expect(await isSignedIn(kept)).toBe(true)
      expect(await isSignedIn(ended)).toBe(false)
      await expect(signIn(undefined)).rejects.toMatchObject(
        reason('unauthenticated', 'secondFactorRequired'),
      )
      // The one that confirmed it is used up.
      await expect(signIn(await code())).rejects.toMatchObject(
        reason('unauthenticated', 'secondFactorInvalid'),
      )
      now += 30_000
      expect((await signIn(await code())).session.id).toBeTypeOf('string')
      const given = await code()
      now += 30_000
      await expect(signIn(given)).rejects.toMatchObject(
        reason('unauthenticated', 'secondFactorInvalid'),
      )
      expect(await services.secondFactor.state(alice.id)).toEqual({
        active: true,
        since: '2030-01-01T00:00:00.000Z',
        recoveryCodesLeft: 10,
      })
    })

    it('lets one of two who come with the same code at once', async () => {
      await enable()
      now += 30_000
      const given = await code()
      const results = await Promise.allSettled([signIn(given), signIn(given)])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    })

    it('takes each recovery code once, until new ones are made', async () => {
      const [first = '', second = ''] = await enable()
      await signIn(first)
      await expect(signIn(first)).rejects.toMatchObject(
        reason('unauthenticated', 'secondFactorInvalid'),
      )
      expect((await services.secondFactor.state(alice.id)).recoveryCodesLeft).toBe(9)
      now += 30_000
      const proof = { password, code: await code() }
      const renewed = await services.secondFactor.renewRecoveryCodes(
        contextOf(alice),
        alice.id,
        proof,
      )
      await expect(signIn(second)).rejects.toMatchObject(
        reason('unauthenticated', 'secondFactorInvalid'),
      )
      await signIn(renewed[9]?.toUpperCase().replaceAll('-', ' '))
      const rows = await test.database.read.selectFrom('recovery_codes').selectAll().execute()
      expect(rows).toHaveLength(9)
      expect(JSON.stringify(rows)).not.toContain((renewed[0] ?? '').replaceAll('-', ''))
    })

    it('goes away with password and code, not with one of them', async () => {
      await enable()
      now += 30_000
      const disable = (proof: { password: string; code: string }) =>
        services.secondFactor.disable(contextOf(alice), alice.id, proof)
      await expect(disable({ password: 'wrong', code: await code() })).rejects.toMatchObject(
        reason('unauthenticated', 'invalidCredentials'),
      )
      await expect(disable({ password, code: '000000x' })).rejects.toMatchObject(
        reason('unauthenticated', 'secondFactorInvalid'),
      )
      await disable({ password, code: await code() })
      expect((await signIn(undefined)).user.name).toBe('alice')
      await expect(disable({ password, code: '123456' })).rejects.toMatchObject(
        reason('conflict', 'secondFactorInactive'),
      )
      expect(await test.database.read.selectFrom('recovery_codes').selectAll().execute()).toEqual(
        [],
      )
    })

    it('cannot be begun over an active one, nor confirmed after a quarter of an hour', async () => {
      await services.secondFactor.begin(contextOf(alice), alice.id)
      now += 15 * 60_000
      const confirm = async () =>
        services.secondFactor.confirm(contextOf(alice), alice.id, {
          code: await code(),
          sessionId: undefined,
        })
      await expect(confirm()).rejects.toMatchObject(reason('conflict', 'secondFactorNotBegun'))
      await enable()
      await expect(services.secondFactor.begin(contextOf(alice), alice.id)).rejects.toMatchObject(
        reason('conflict', 'secondFactorActive'),
      )
      await expect(confirm()).rejects.toMatchObject(reason('conflict', 'secondFactorActive'))
    })

    it('is not for those who sign in at a provider', async () => {
      const carol = await services.addUser('carol', { source: 'oidc:corp', externalId: '1' })
      await expect(services.secondFactor.begin(contextOf(carol), carol.id)).rejects.toMatchObject(
        reason('conflict', 'signsInElsewhere'),
      )
    })

    it('can be taken away by an administrator, and the audit log tells of it all', async () => {
      await enable()
      const context = {
        ...contextOf(alice),
        actor: { kind: 'user', id: 'root', name: 'root' },
      } as const
      expect(await services.secondFactor.stateOf('alice')).toMatchObject({ active: true })
      await services.secondFactor.reset(context, 'alice')
      expect(await services.secondFactor.stateOf('alice')).toMatchObject({ active: false })
      await expect(services.secondFactor.stateOf('nobody')).rejects.toMatchObject({
        kind: 'notFound',
      })
      expect((await signIn(undefined)).user.name).toBe('alice')
      await expect(services.secondFactor.reset(context, 'alice')).rejects.toMatchObject({
        kind: 'conflict',
      })
      await expect(services.secondFactor.reset(context, 'nobody')).rejects.toMatchObject({
        kind: 'notFound',
      })
      expect((await services.audit()).map(({ action }) => action)).toEqual([
        'secondFactor.enabled',
        'secondFactor.reset',
        'session.created',
      ])
    })
  })
})
