import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { IdempotencyKeys } from './idempotency-keys.ts'

const request = (key: string, more: { actorId?: string; requestHash?: string } = {}) => ({
  actorId: 'ann',
  key,
  requestHash: 'h1',
  ...more,
})
const answer = { status: 201, headers: ['ETag', '"1"'], body: '{"a":1}' }
const hour = 60 * 60 * 1000

describe.each(testDatabases)('IdempotencyKeys on $name', (engine) => {
  describe.skipIf(!engine.available)('of several callers', () => {
    let test: TestDatabase
    let keys: IdempotencyKeys
    let now = Date.UTC(2030, 0, 1)
    beforeAll(async () => {
      test = await engine.open()
      keys = new IdempotencyKeys({ database: test.database, now: () => now })
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction((tx) => tx.deleteFrom('idempotency_keys').execute())
    })
    const held = () => test.database.read.selectFrom('idempotency_keys').selectAll().execute()

    it('give the kept answer again, to the same caller and request only', async () => {
      expect(await keys.begin(request('k'))).toBeUndefined()
      await keys.keep(request('k'), 201, answer)
      expect(await keys.begin(request('k'))).toEqual(answer)
      await expect(keys.begin(request('k', { requestHash: 'h2' }))).rejects.toMatchObject({
        kind: 'conflict',
        details: [{ reason: 'keyUsedOtherwise' }],
      })
      expect(await keys.begin(request('k', { actorId: 'bob' }))).toBeUndefined()
    })

    it('let one of many at once through', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () => keys.begin(request('k'))),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason).toMatchObject({
            kind: 'conflict',
            details: [{ reason: 'underWay', retryAfterSeconds: 2 }],
          })
        }
      }
    })

    it('are free again when released, and when a server died with the request', async () => {
      await keys.begin(request('k'))
      await keys.release(request('k'))
      expect(await keys.begin(request('k'))).toBeUndefined()
      now += 2 * 60 * 1000
      expect(await keys.begin(request('k'))).toBeUndefined()
    })

    it('keep no secret, and no answer that is too long', async () => {
      await keys.begin(request('secret'))
      await keys.keep(request('secret'), 201, undefined)
      await keys.begin(request('long'))
      await keys.keep(request('long'), 201, { ...answer, body: 'x'.repeat(70_000) })
      for (const key of ['secret', 'long']) {
        await expect(keys.begin(request(key))).rejects.toMatchObject({
          kind: 'conflict',
          details: [{ reason: 'answerNotKept' }],
        })
      }
      expect(JSON.stringify(await held())).not.toContain('xxx')
    })

    it('are of each caller at most 1000, the oldest go first', async () => {
      for (let count = 0; count < 1002; count += 1) {
        now += 1
        await keys.begin(request(`k${count}`))
        await keys.keep(request(`k${count}`), 201, answer)
      }
      const names = (await held()).map(({ key }) => key)
      expect(names.length).toBeLessThanOrEqual(1000)
      expect(names).not.toContain('k0')
      expect(names).toContain('k1001')
    }, 120_000)

    it('expire after a day, and are removed then', async () => {
      for (const key of ['a', 'b']) {
        await keys.begin(request(key))
        await keys.keep(request(key), 201, answer)
      }
      now += 23 * hour
      await keys.begin(request('c'))
      await keys.keep(request('c'), 201, answer)
      expect(await keys.removeExpired()).toBe(0)
      now += hour
      expect(await keys.removeExpired()).toBe(2)
      expect((await held()).map(({ key }) => key)).toEqual(['c'])
    })
  })
})
