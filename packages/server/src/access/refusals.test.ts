import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { Refusals } from './refusals.ts'

describe.each(testDatabases)('Refusals on $name', (engine) => {
  describe.skipIf(!engine.available)('with an empty audit log', () => {
    let test: TestDatabase
    let refusals: Refusals
    let now: number
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      now = Date.UTC(2030, 0, 1)
      await test.database.transaction((tx) => tx.deleteFrom('audit_entries').execute())
      refusals = new Refusals({ database: test.database, now: () => now })
    })

    const note = (address: string, name = 'alice') =>
      refusals.note({ name, address, requestId: 'r1', reason: 'invalidCredentials' })
    const entries = () =>
      test.database.read.selectFrom('audit_entries').selectAll().orderBy('id').execute()

    it('tells who was asked for, from where, in which request', async () => {
      await note('192.0.2.1')
      expect(await entries()).toMatchObject([
        {
          at: '2030-01-01T00:00:00.000Z',
          actor_kind: 'anonymous',
          action: 'session.refused',
          target: 'alice',
          address: '192.0.2.1',
          request_id: 'r1',
          outcome: 'denied',
        },
      ])
    })

    it('writes no name down that cannot be one: it may be a password', async () => {
      await note('192.0.2.1', 'Zebra mosaic lantern')
      expect(JSON.stringify(await entries())).not.toContain('Zebra')
    })

    it('counts for each address by itself, and a new minute from the start', async () => {
      for (let count = 0; count < 30; count += 1) await note('192.0.2.1')
      await note('192.0.2.2')
      expect(await entries()).toHaveLength(22)
      now += 60_000
      await note('192.0.2.1')
      expect((await entries()).at(-1)?.after).toBe(
        JSON.stringify({ reason: 'invalidCredentials', leftOutBefore: 10 }),
      )
    })

    it('writes no more than 600 a minute, from however many addresses', async () => {
      const all = Array.from({ length: 700 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
      await Promise.all(all.map((address) => note(address)))
      expect(await entries()).toHaveLength(600)
    })
  })
})
