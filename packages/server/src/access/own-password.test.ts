import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StoredUser } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { contextOf, openTestSignIn, type TestSignIn } from '../testing/open-test-sign-in.ts'
import { OwnPassword } from './own-password.ts'
import { totpCode } from './totp.ts'

const current = 'correct horse battery'
const next = 'another horse battery'

describe.each(testDatabases)('OwnPassword on $name', (engine) => {
  describe.skipIf(!engine.available)('of ann', () => {
    let test: TestDatabase
    let services: TestSignIn
    let ownPassword: OwnPassword
    let ann: StoredUser
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
      ownPassword = new OwnPassword({ ...services, database: test.database })
      ann = await services.addUser('ann', {
        passwordHash: await services.passwords.hash(current),
      })
    })
    const change = (more: object = {}, keepSessionId?: string) =>
      ownPassword.changePassword(contextOf(ann), { current, next, ...more }, keepSessionId)
    const canLogIn = (password: string) =>
      services.credentials.check('ann', password, '192.0.2.1').then(
        () => true,
        () => false,
      )
    const addSession = (id: string) =>
      test.database.transaction(async (tx) => {
        const at = new Date(now).toISOString()
        await tx
          .insertInto('sessions')
          .values({
            id,
            secret_hash: id,
            user_id: ann.id,
            method: 'password',
            address: '',
            user_agent: '',
            created_at: at,
            last_used_at: at,
            expires_at: at,
          })
          .execute()
      })
    const sessions = async () =>
      (await test.database.read.selectFrom('sessions').select('id').execute()).map(({ id }) => id)

    it('sets the new password and keeps only the session that asks', async () => {
      await addSession('here')
      await addSession('elsewhere')
      await change({}, 'here')
      const audit = await services.audit()
      expect(audit).toMatchObject([{ action: 'user.passwordChanged', target: 'ann' }])
      expect(JSON.stringify(audit)).not.toMatch(/argon2|battery/)
      expect(await canLogIn(next)).toBe(true)
      expect(await canLogIn(current)).toBe(false)
      expect(await sessions()).toEqual(['here'])
    })

    it('changes nothing without the right current password, and slows guessing down', async () => {
      await addSession('here')
      await expect(change({ current: 'not the right one' })).rejects.toMatchObject({
        kind: 'unauthenticated',
      })
      const kinds = new Set<string>()
      for (let guess = 0; guess < 30; guess += 1) {
        await change({ current: `guess number ${guess}` }).catch((error: { kind: string }) =>
          kinds.add(error.kind),
        )
      }
      expect(kinds).toContain('rateLimited')
      now += 24 * 3600 * 1000
      expect(await canLogIn(current)).toBe(true)
      expect(await sessions()).toEqual(['here'])
    })

    it('asks for the code of one who has a second factor', async () => {
      const { secret } = await services.secondFactor.begin(contextOf(ann), ann.id)
      const code = () => totpCode(decodeBase32(secret), Math.floor(now / 30_000))
      const sessionId = undefined
      await services.secondFactor.confirm(contextOf(ann), ann.id, { code: code(), sessionId })
      now += 60_000
      await expect(change()).rejects.toMatchObject({ kind: 'unauthenticated' })
      await change({ code: code() })
      now += 60_000
      await expect(change({ code: code() })).rejects.toMatchObject({ kind: 'unauthenticated' })
      await change({ current: next, next: 'a third horse battery', code: code() })
    })

    it('refuses a password that may not be chosen, and one for a user from outside', async () => {
      await expect(change({ next: 'short' })).rejects.toMatchObject({ kind: 'requestInvalid' })
      expect(await canLogIn(current)).toBe(true)
      const outside = await services.addUser('bob', { source: 'ldap', externalId: 'x' })
      await expect(
        ownPassword.changePassword(contextOf(outside), { current, next }),
      ).rejects.toMatchObject({ kind: 'conflict' })
    })

    it('is not for machines, whatever their id', async () => {
      const actor = { kind: 'robot', id: ann.id, name: 'ann' } as const
      await expect(
        ownPassword.changePassword({ ...contextOf(ann), actor }, { current, next }),
      ).rejects.toMatchObject({ kind: 'notFound' })
      expect(await canLogIn(current)).toBe(true)
    })
  })
})

function decodeBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('')
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [])
}
