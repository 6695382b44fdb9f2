import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { insertUser } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { makeUserCode, readUserCode } from './device-codes.ts'
import { DeviceFlow } from './device-flow.ts'

const from = { address: '192.0.2.7', requestId: 'r1' }
const notFound = { kind: 'notFound' }
const rateLimited = { kind: 'rateLimited' }

function contextOf(id: string) {
  return { actor: { kind: 'user' as const, id, name: id }, address: '192.0.2.9', requestId: 'r2' }
}

describe.each(testDatabases)('DeviceFlow on $name', (engine) => {
  describe.skipIf(!engine.available)('with two users', () => {
    let test: TestDatabase
    let flow: DeviceFlow
    let now = Date.parse('2026-11-21T10:00:00Z')
    const keys: { userId: string; name: string; expiresAt: string }[] = []

    beforeAll(async () => {
      test = await engine.open()
      await test.database.transaction(async (tx) => {
        for (const name of ['alice', 'bob']) {
          await insertUser(tx, {
            id: name,
            name,
            passwordHash: '',
            role: 'none',
            disabledAt: null,
            createdAt: new Date(now).toISOString(),
            displayName: null,
            email: null,
            source: 'local',
            externalId: null,
            version: 1,
          })
        }
      })
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction((tx) => tx.deleteFrom('device_authorizations').execute())
      keys.length = 0
      flow = open()
    })

    const open = () =>
      new DeviceFlow({
        database: test.database,
        createKey: (key) => {
          keys.push(key)
          return Promise.resolve({ secret: `berth_key_${keys.length}`, userName: key.userId })
        },
        now: () => now,
      })
    const start = (address = '192.0.2.7') => flow.start({ clientName: 'berth on Build 7', address })
    const redeem = (deviceCode: string) => flow.redeem(deviceCode, from)

    it('gives the program a key of the user who agreed, once', async () => {
      const { deviceCode, userCode, expiresIn, interval } = await start()
      expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
      expect({ expiresIn, interval }).toEqual({ expiresIn: 600, interval: 5 })
      expect(await redeem(deviceCode)).toEqual({ error: 'authorization_pending' })
      expect(await flow.inspect('alice', userCode)).toEqual({
        clientName: 'berth on Build 7',
        address: '192.0.2.7',
        expiresAt: new Date(now + 600_000).toISOString(),
      })
      await flow.settle(contextOf('alice'), {
        userCode: userCode.toLowerCase().replace('-', ' '),
        approve: true,
      })
      now += 5000
      const expiresAt = new Date(now + 90 * 86_400_000).toISOString()
      expect(await redeem(deviceCode)).toEqual({
        grant: { secret: 'berth_key_1', userName: 'alice', expiresAt },
      })
      expect(keys).toEqual([
        {
          userId: 'alice',
          name: expect.stringMatching(/^device-berth-on-build-7-[0-9a-f]{8}$/),
          expiresAt,
        },
      ])
      now += 5000
      expect(await redeem(deviceCode)).toEqual({ error: 'invalid_grant' })
      expect(keys).toHaveLength(1)
    })

    it('makes one key, however many ask at the same moment', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { deviceCode, userCode } = await start()
        await flow.settle(contextOf('alice'), { userCode, approve: true })
        keys.length = 0
        const answers = await Promise.all([1, 2, 3, 4].map(() => redeem(deviceCode)))
        expect(answers.filter((answer) => 'grant' in answer)).toHaveLength(1)
        expect(keys).toHaveLength(1)
      }
    })

    it('is settled once, by whoever comes first', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { deviceCode, userCode } = await start()
        const results = await Promise.allSettled([
          flow.settle(contextOf('alice'), { userCode, approve: true }),
          flow.settle(contextOf('bob'), { userCode, approve: false }),
        ])
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
        const expected = results[0].status === 'fulfilled' ? 'grant' : 'error'
        expect(await redeem(deviceCode)).toHaveProperty(expected)
      }
    })

    it('tells a program that was denied', async () => {
      const { deviceCode, userCode } = await start()
      await flow.settle(contextOf('alice'), { userCode, approve: false })
      expect(await redeem(deviceCode)).toEqual({ error: 'access_denied' })
      expect(await redeem(deviceCode)).toEqual({ error: 'invalid_grant' })
      expect(keys).toEqual([])
    })

    it('slows a program down that asks too early', async () => {
      const { deviceCode } = await start()
      const pending = { error: 'authorization_pending' }
      const slowDown = { error: 'slow_down' }
      expect(await redeem(deviceCode)).toEqual(pending)
      now += 4999
      expect(await redeem(deviceCode)).toEqual(slowDown)
      now += 9999
      expect(await redeem(deviceCode)).toEqual(slowDown)
      now += 15_000
      expect(await redeem(deviceCode)).toEqual(pending)
    })

    it('is over after ten minutes, approved or not', async () => {
      const [waiting, approved] = [await start(), await start()]
      await flow.settle(contextOf('alice'), { userCode: approved.userCode, approve: true })
      now += 600_000
      await expect(
        flow.settle(contextOf('alice'), { userCode: waiting.userCode, approve: true }),
      ).rejects.toMatchObject(notFound)
      for (const { deviceCode } of [waiting, approved]) {
        expect(await redeem(deviceCode)).toEqual({ error: 'expired_token' })
      }
      expect(keys).toEqual([])
    })

    it.each(['', 'x', 'berth_device_', `berth_device_${'A'.repeat(43)}`, 'x'.repeat(10_000)])(
      'knows no device code %j',
      async (deviceCode) => {
        expect(await redeem(deviceCode)).toEqual({ error: 'invalid_grant' })
      },
    )

    it('keeps neither code in clear', async () => {
      const { deviceCode, userCode } = await start()
      const rows = await test.database.read
        .selectFrom('device_authorizations')
        .selectAll()
        .execute()
      expect(rows).toHaveLength(1)
      expect(JSON.stringify(rows)).not.toContain(deviceCode)
      expect(JSON.stringify(rows)).not.toContain(userCode)
    })

    it('listens to ten wrong codes of a user, also when they come at once, and then to none', async () => {
      const { userCode } = await start()
      const wrong = Array.from({ length: 40 }, () =>
        flow.settle(contextOf('bob'), { userCode: 'BBBB-BBBB', approve: true }),
      )
      const results = await Promise.allSettled(wrong)
      const kinds = results.map(
        (result) => 'reason' in result && (result.reason as Error & { kind: string }).kind,
      )
      expect(kinds.filter((kind) => kind === 'notFound')).toHaveLength(10)
      expect(kinds.filter((kind) => kind === 'rateLimited')).toHaveLength(30)
      await expect(flow.inspect('bob', userCode)).rejects.toMatchObject(rateLimited)
      // Somebody else is not held up, and ten minutes later neither is this one.
      await flow.inspect('alice', userCode)
      now += 600_000
      const later = await start()
      await flow.inspect('bob', later.userCode)
    })

    it('counts no right code', async () => {
      const { userCode } = await start()
      for (let round = 0; round < 30; round += 1) await flow.inspect('alice', userCode)
    })

    it('lets one address begin twenty at a time', async () => {
      for (let index = 0; index < 20; index += 1) await start('2001:db8::1')
      await expect(start('2001:db8::ffff')).rejects.toMatchObject(rateLimited)
      await start('2001:db8:0:1::1')
      now += 600_000
      await start('2001:db8::1')
    })

    it('tells the audit log who agreed to what', async () => {
      const { userCode } = await start()
      await flow.settle(contextOf('alice'), { userCode, approve: true })
      const entry = await test.database.read
        .selectFrom('audit_entries')
        .select(['action', 'actor_name', 'after'])
        .orderBy('id', 'desc')
        .executeTakeFirst()
      expect(entry).toMatchObject({ action: 'device.approved', actor_name: 'alice' })
      expect(JSON.parse(entry?.after ?? '')).toEqual({
        clientName: 'berth on Build 7',
        address: '192.0.2.7',
      })
      expect(JSON.stringify(entry)).not.toContain(userCode)
    })
  })
})

describe('user codes', () => {
  it('are read however they are typed, and nothing else is', () => {
    for (let index = 0; index < 100; index += 1) {
      const code = makeUserCode()
      expect(readUserCode(code)).toBe(code)
      expect(readUserCode(` ${code.toLowerCase().replace('-', '')} `)).toBe(code)
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const code = readUserCode(text)
        return code === undefined || /^[B-Z]{4}-[B-Z]{4}$/.test(code)
      }),
    )
    for (const text of ['AAAA-AAAA', 'BBBB-BBB', 'BBBB-BBBBB', 'BBBB-BBBİ', '']) {
      expect(readUserCode(text)).toBeUndefined()
    }
  })
})
