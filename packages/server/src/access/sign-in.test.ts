import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { updateUser } from '../metadata/users.ts'
import { testCaller } from '../testing/open-test-management.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { contextOf, openTestSignIn, type TestSignIn } from '../testing/open-test-sign-in.ts'

const password = 'correct horse battery'

describe.each(testDatabases)('SignIn on $name', (engine) => {
  describe.skipIf(!engine.available)('as a user with a password', () => {
    let test: TestDatabase
    let services: TestSignIn
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      services = await openTestSignIn(test.database, { now: Date.now })
    })
    const signIn = (name = 'alice') =>
      services.signIn.signIn({
        name,
        password,
        code: undefined,
        address: '192.0.2.1',
        userAgent: 'Firefox',
        secure: true,
        requestId: 'r1',
      })
    const callerOf = (id: string, sessionId: string) =>
      testCaller({ actor: { kind: 'user', id, name: 'alice' }, credentials: 'session', sessionId })

    it('tells the audit log who signed in and out, and who was refused', async () => {
      const passwordHash = await services.passwords.hash(password)
      const alice = await services.addUser('alice', { passwordHash })
      const { session, user } = await signIn()
      const caller = callerOf(user.id, session.id)
      expect(await services.signIn.userOf(caller)).toEqual(user)
      await services.signIn.signOut(caller, contextOf(alice))
      // The session is gone already: nothing more to end, and nothing to fail.
      await services.signIn.signOut(caller, contextOf(alice))
      await expect(signIn('nobody')).rejects.toMatchObject({ kind: 'unauthenticated' })
      expect(await services.audit()).toEqual([
        {
          action: 'session.created',
          target: 'alice',
          outcome: 'success',
          after: { session: session.id, method: 'password' },
        },
        {
          action: 'session.revoked',
          target: 'alice',
          outcome: 'success',
          after: { session: session.id },
        },
        {
          action: 'session.refused',
          target: 'nobody',
          outcome: 'denied',
          after: { reason: 'invalidCredentials' },
        },
      ])
    })

    it('never lets a session outlive a change of password made at the same moment', async () => {
      const passwordHash = await services.passwords.hash(password)
      const next = await services.passwords.hash('zebra mosaic lantern')
      for (let round = 0; round < 4; round += 1) {
        const name = `user${round}`
        const user = await services.addUser(name, { passwordHash })
        await signIn(name)
        await Promise.allSettled([
          signIn(name),
          services.changes.run(contextOf(user), async ({ tx }) => {
            await updateUser(tx, user.id, { passwordHash: next })
            await tx.deleteFrom('sessions').where('user_id', '=', user.id).execute()
          }),
          signIn(name),
        ])
        expect(await services.sessions.list(user.id)).toEqual([])
      }
    })
  })
})
