import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { LoginThrottle } from './login-throttle.ts'

const minute = 60_000
const hour = 60 * minute

describe.each(testDatabases)('LoginThrottle on $name', (engine) => {
  describe.skipIf(!engine.available)('with one user', () => {
    let test: TestDatabase
    let throttle: LoginThrottle
    let now: number
    beforeAll(async () => {
      test = await engine.open()
      await test.database.transaction((tx) =>
        tx
          .insertInto('users')
          .values({
            id: 'u1',
            name: 'alice',
            password_hash: '',
            role: 'reader',
            disabled_at: null,
            created_at: '2030-01-01T00:00:00.000Z',
            display_name: null,
            email: null,
            external_id: null,
            synced_at: null,
          })
          .execute(),
      )
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      now = Date.UTC(2030, 0, 1)
      await test.database.transaction(async (tx) => {
        await tx.deleteFrom('login_throttles').execute()
        await tx.deleteFrom('known_addresses').execute()
      })
      throttle = open()
    })

    const open = () => new LoginThrottle({ database: test.database, now: () => now })
    /** `right`, `wrong`, or `refused` with the seconds. */
    const guess = async (right: boolean, name = 'alice', address = '192.0.2.1', by = throttle) => {
      const userId = name === 'alice' ? 'u1' : undefined
      try {
        const outcome = await by.guess({ name, userId, address }, () =>
          Promise.resolve(right ? true : undefined),
        )
        return outcome ? 'right' : 'wrong'
      } catch (error) {
        expect(error).toMatchObject({
          kind: 'rateLimited',
          details: [{ reason: 'tooManyFailures', retryAfterSeconds: expect.any(Number) }],
        })
        const { details } = error as { details: { retryAfterSeconds: number }[] }
        return `refused ${details[0]?.retryAfterSeconds}`
      }
    }
    const fail = async (times: number, name?: string, address?: string) => {
      for (let time = 0; time < times; time += 1) {
        expect(await guess(false, name, address)).toBe('wrong')
      }
    }

    it('takes the right password after a wrong one when the clock was set back, or is that of another node', async () => {
      await fail(1)
      now -= 2000
      expect(await guess(true)).toBe('right')
      await fail(4)
      now -= 2000
      expect(await guess(true)).toBe('refused 3')
    })

    it('lets five wrong guesses pass, then doubles the wait up to a quarter of an hour', async () => {
      await fail(5)
      const waits: number[] = []
      for (let round = 0; round < 13; round += 1) {
        const refusal = await guess(true)
        expect(refusal).toMatch(/^refused/)
        const seconds = Number(refusal.split(' ')[1])
        waits.push(seconds)
        now += seconds * 1000 - 1
        expect(await guess(true)).toBe('refused 1')
        now += 1
        await fail(1)
      }
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
    })

    it('forgets after an hour without a failure, and not before', async () => {
      await fail(5)
      now += hour - 1
      await fail(1)
      expect(await guess(true)).toBe('refused 2')
      now += hour
      await fail(5)
      expect(await guess(true)).toBe('refused 1')
    })

    it('counts for the account wherever the guesses come from', async () => {
      for (const host of [1, 2, 3, 4, 5]) await fail(1, 'alice', `192.0.2.${host}`)
      expect(await guess(true, 'alice', '198.51.100.1')).toBe('refused 1')
      expect(await guess(true, 'bob', '198.51.100.1')).toBe('right')
    })

    it('counts for the address whoever is guessed at, with more patience', async () => {
      for (let user = 0; user < 20; user += 1) await fail(1, `user${user}`)
      expect(await guess(true, 'another')).toBe('refused 1')
      expect(await guess(true, 'another', '192.0.2.2')).toBe('right')
    })

    it('takes a /64 for one address, and an IPv4 address for itself in every spelling', async () => {
      for (let user = 0; user < 20; user += 1) await fail(1, `user${user}`, `2001:db8::${user}`)
      expect(await guess(true, 'another', '2001:db8::ffff:1')).toBe('refused 1')
      expect(await guess(true, 'another', '2001:db8:0:1::1')).toBe('right')
      for (let user = 0; user < 20; user += 1) await fail(1, `man${user}`, '192.0.2.7')
      expect(await guess(true, 'another', '::ffff:192.0.2.7')).toBe('refused 1')
      expect(await guess(true, 'another', '::ffff:192.0.2.8')).toBe('right')
    })

    it('treats a name that nobody has as one that exists', async () => {
      const answers = async (name: string, address: string) => {
        const seen: string[] = []
        for (let round = 0; round < 8; round += 1) seen.push(await guess(false, name, address))
        return seen
      }
      expect(await answers('nobody', '192.0.2.1')).toEqual(await answers('alice', '192.0.2.2'))
    })

    it('lets the owner in from a known address while the account is under attack', async () => {
      await throttle.noteSuccess('u1', '203.0.113.5')
      for (let host = 0; host < 100; host += 1) await guess(false, 'alice', `198.51.100.${host}`)
      expect(await guess(true, 'alice', '203.0.113.6')).toMatch(/^refused/)
      expect(await guess(true, 'alice', '203.0.113.5')).toBe('right')
      // Guesses from there are counted too.
      await fail(5, 'alice', '203.0.113.5')
      expect(await guess(true, 'alice', '203.0.113.5')).toBe('refused 1')
      await throttle.noteSuccess('u1', '203.0.113.5')
      expect(await guess(true, 'alice', '203.0.113.5')).toBe('right')
    })

    it('knows an address for 90 days after its last use', async () => {
      await throttle.noteSuccess('u1', '203.0.113.5')
      now += 90 * 24 * hour - 1000
      await fail(5)
      expect(await guess(true, 'alice', '203.0.113.5')).toBe('right')
      now += 1000
      await fail(1)
      expect(await guess(true, 'alice', '203.0.113.5')).toBe('refused 2')
      now += hour
      expect(await throttle.removeExpired(100)).toBe(3)
    })

    it('keeps the 20 addresses that were used last', async () => {
      for (let host = 1; host <= 21; host += 1) {
        await throttle.noteSuccess('u1', `203.0.113.${host}`)
        now += 1000
      }
      for (let host = 0; host < 5; host += 1) await fail(1, 'alice', '198.51.100.1')
      expect(await guess(true, 'alice', '203.0.113.1')).toMatch(/^refused/)
      expect(await guess(true, 'alice', '203.0.113.2')).toBe('right')
      expect(await guess(true, 'alice', '203.0.113.21')).toBe('right')
    })

    it('remembers nothing of a user who is gone', async () => {
      await throttle.noteSuccess('nobody', '203.0.113.5')
      const rows = await test.database.read.selectFrom('known_addresses').selectAll().execute()
      expect(rows).toEqual([])
    })

    it('shares its counters with the other nodes', async () => {
      const other = open()
      await fail(5)
      expect(await guess(true, 'alice', '192.0.2.9', other)).toBe('refused 1')
    })

    it('checks no more than a few of many guesses at once, and lets a right one among them pass', async () => {
      let running = 0
      let most = 0
      const check = async (right: boolean) => {
        running += 1
        most = Math.max(most, running)
        await new Promise(setImmediate)
        running -= 1
        return right ? true : undefined
      }
      const attempt = (host: number) => ({
        name: 'alice',
        userId: 'u1',
        address: `198.51.100.${host}`,
      })
      const right = await Promise.all(
        Array.from({ length: 30 }, (_, host) => throttle.guess(attempt(host), () => check(true))),
      )
      expect(right).toEqual(Array.from({ length: 30 }, () => true))
      let checked = 0
      const wrong = await Promise.allSettled(
        Array.from({ length: 500 }, (_, host) =>
          throttle.guess(attempt(host % 100), () => {
            checked += 1
            return check(false)
          }),
        ),
      )
      expect(checked).toBe(5)
      expect(most).toBeLessThanOrEqual(5)
      expect(wrong.filter(({ status }) => status === 'rejected')).toHaveLength(495)
    })

    it('counts no guess that could not be checked', async () => {
      for (let round = 0; round < 10; round += 1) {
        await expect(
          throttle.guess({ name: 'alice', userId: 'u1', address: '192.0.2.1' }, () =>
            Promise.reject(new Error('the directory is away')),
          ),
        ).rejects.toThrow('the directory is away')
      }
      expect(await guess(true)).toBe('right')
    })

    it('removes what is forgotten, in portions', async () => {
      await fail(1, 'bob', '192.0.2.1')
      await fail(1, 'carl', '192.0.2.2')
      expect(await throttle.removeExpired(100)).toBe(0)
      now += hour
      expect(await throttle.removeExpired(3)).toBe(3)
      expect(await throttle.removeExpired(3)).toBe(1)
    })

    it('never checks more guesses than the waits allow, whatever the order and the pauses', async () => {
      const step = fc.record({
        address: fc.integer({ min: 1, max: 3 }),
        pause: fc.constantFrom(0, 100, 1000, 5000, minute, 10 * minute),
        atOnce: fc.integer({ min: 1, max: 8 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          await test.database.transaction((tx) => tx.deleteFrom('login_throttles').execute())
          throttle = open()
          const start = now
          let wrong = 0
          for (const { address, pause, atOnce } of steps) {
            now += pause
            const answers = await Promise.all(
              Array.from({ length: atOnce }, () => guess(false, 'alice', `192.0.2.${address}`)),
            )
            wrong += answers.filter((answer) => answer === 'wrong').length
          }
          // After f failures the next is looked at 2^(f-5) seconds later, so f of them take at least so long.
          const elapsed = now - start
          let allowed = 5
          let needed = 0
          for (
            let delay = 1000;
            needed + delay <= elapsed;
            delay = Math.min(delay * 2, 15 * minute)
          ) {
            needed += delay
            allowed += 1
          }
          expect(wrong).toBeLessThanOrEqual(allowed)
        }),
        { numRuns: 25 },
      )
    })
  })
})
