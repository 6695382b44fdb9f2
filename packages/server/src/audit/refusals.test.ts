import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RequestContext } from '../actor.ts'
import type { AuditEvent } from '../metadata/audit-entries.ts'
import type { Database } from '../metadata/database.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { AuditLog } from './log.ts'
import { RefusalLog } from './refusals.ts'

const context = (address = '192.0.2.1', name = 'mallory'): RequestContext => ({
  actor: { kind: 'user', id: name, name },
  address,
  requestId: 'r',
})
const refused = (target = 'acme/app:1', more: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'tag.moved',
  targetKind: 'tag',
  target,
  project: 'acme',
  outcome: 'denied',
  ...more,
})

describe.each(testDatabases)('RefusalLog on $name', (engine) => {
  describe.skipIf(!engine.available)('on an empty log', () => {
    let test: TestDatabase
    let refusals: RefusalLog
    let now: number
    beforeEach(async () => {
      now = Date.parse('2026-01-01T00:00:00.000Z')
      test = await engine.open()
      refusals = new RefusalLog({ database: test.database, now: () => now })
    })
    afterEach(async () => {
      await test.close()
    })

    const entries = async () => {
      const log = new AuditLog({ database: test.database })
      const all = await log.findPage({}, { after: undefined, limit: 10_000 })
      return all.entries.toReversed()
    }

    it('writes the same refusal of the same caller once, with a count', async () => {
      refusals.note(context(), refused())
      now += 1000
      refusals.note(context(), refused())
      refusals.note(context(), refused('acme/app:2', { after: { reason: 'x' } }))
      now += 1000
      refusals.note(context(), refused('acme/app:2', { after: { reason: 'x' } }))
      refusals.note(context('192.0.2.2'), refused())
      refusals.note(context('192.0.2.1', 'eve'), refused())
      refusals.note(context(), refused('acme/app:1', { action: 'tag.deleted' }))
      expect(await refusals.flush()).toBe(5)
      expect(await refusals.flush()).toBe(0)
      expect((await entries()).map(({ at, target, after }) => ({ at, target, after }))).toEqual([
        {
          at: '2026-01-01T00:00:00.000Z',
          target: 'acme/app:1',
          after: JSON.stringify({ count: 2, until: '2026-01-01T00:00:01.000Z' }),
        },
        {
          at: '2026-01-01T00:00:01.000Z',
          target: 'acme/app:2',
          after: JSON.stringify({ reason: 'x', count: 2, until: '2026-01-01T00:00:02.000Z' }),
        },
        ...[1, 2, 3].map(() => ({
          at: '2026-01-01T00:00:02.000Z',
          target: 'acme/app:1',
          after: null,
        })),
      ])
    })

    it('takes a bounded number a minute from one address and from all, and says how many it left out', async () => {
      for (let number = 0; number < 5000; number += 1)
        refusals.note(context(), refused(`x:${number}`))
      refusals.note(context('192.0.2.9'), refused('victim:1'))
      await refusals.flush()
      const first = await entries()
      expect(first).toHaveLength(62)
      expect(first.at(-2)?.target).toBe('victim:1')
      expect(first.at(-1)).toMatchObject({ action: 'audit.leftOut', after: '{"count":4940}' })
      for (let number = 0; number < 5000; number += 1)
        refusals.note(context(`198.51.100.${number % 256}`, `u${number}`), refused(`x:${number}`))
      // Flushing does not make room within the minute.
      await refusals.flush()
      expect(await entries()).toHaveLength(62 + 600 - 61 + 1)
      now += 60_000
      refusals.note(context(), refused('later:1'))
      await refusals.flush()
      expect((await entries()).at(-1)?.target).toBe('later:1')
    })

    it('stores what a stranger sends: any text, of any length', async () => {
      const wild = `\0\ud800${'é'.repeat(5000)}`
      refusals.note(
        context(wild, wild),
        refused(wild, { after: { text: '\0\ud800'.repeat(9000) } }),
      )
      refusals.note(context('', '"; drop table x'), refused("'"))
      await refusals.flush()
      const [entry, other] = await entries()
      expect(entry?.target).toHaveLength(512)
      expect(entry?.target).toMatch(/^\ufffd\ufffdé+…$/)
      expect(entry?.after).toMatch(/leftAway/)
      expect(other?.actor_name).toBe('"; drop table x')
    })

    it('keeps what the database could not take for the next time', async () => {
      let isDown = true
      const database: Database = {
        ...test.database,
        transaction: (work) =>
          isDown ? Promise.reject(new Error('down')) : test.database.transaction(work),
      }
      refusals = new RefusalLog({ database, now: () => now })
      refusals.note(context(), refused())
      await expect(refusals.flush()).rejects.toThrow('down')
      now += 5000
      refusals.note(context(), refused())
      refusals.note(context(), refused('acme/app:2'))
      isDown = false
      expect(await refusals.flush()).toBe(2)
      expect((await entries()).map(({ target, after }) => `${target} ${after}`)).toEqual([
        `acme/app:1 ${JSON.stringify({ count: 2, until: '2026-01-01T00:00:05.000Z' })}`,
        'acme/app:2 null',
      ])
    })
  })
})
