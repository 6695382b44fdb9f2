import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../metadata/audit-entries.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { type AuditFilter, AuditLog } from './log.ts'

const count = 600
/** Far apart, so that the entries lie in many buckets. */
const idStep = 997
const start = Date.parse('2026-01-01T00:00:00.000Z')
const timeOf = (number: number) => new Date(start + number * 1000).toISOString()
const pick = <T>(list: readonly T[], number: number): T => list[number % list.length]!

const projects = ['', 'acme', 'acme-x', 'acme.x', 'acme/ml', 'acme/ml/vision', 'acme0', 'other']
const actions = ['tag.created', 'tag.moved', 'tagging.done', 'manifest.pushed', 'session.refused']
const actors = ['alice', 'bob', "o'brien", '%', 'al']
const targets = [
  'acme/app:1',
  'acme/app:2',
  'acme/apple:1',
  'acme/app',
  'ä/é',
  '\u{10ffff}x',
  '_',
  '%',
]
const addresses = ['', '192.0.2.1', '2001:db8::1']

/** The rows as plain objects; each column has a rhythm of its own, so every pair of values meets somewhere. */
const rows: readonly AuditEntry[] = Array.from({ length: count }, (_, number) => ({
  id: (number + 1) * idStep,
  position: null,
  hash: null,
  // Not in the order of the ids everywhere.
  at: timeOf(number + (number % 7 === 0 ? 20 : 0)),
  actor_kind: 'user',
  actor_id: 'u',
  actor_name: pick(actors, Math.floor(number / 2)),
  action: pick(actions, Math.floor(number / 3)),
  target_kind: 'tag',
  target: pick(targets, Math.floor(number / 5)),
  project: pick(projects, Math.floor(number / 7)),
  outcome: number % 11 === 0 ? 'denied' : number % 13 === 0 ? 'failure' : 'success',
  address: pick(addresses, number),
  request_id: `r-${Math.floor(number / 2)}`,
  before: null,
  after: '{}',
}))

/** What a filter means, said again without an index. */
function matches(row: AuditEntry, filter: AuditFilter): boolean {
  const { action, projectTree } = filter
  const is = (wanted: string | undefined, value: string) => wanted === undefined || wanted === value
  return (
    is(filter.actor, row.actor_name) &&
    (action === undefined ||
      (action.endsWith('.') ? row.action.startsWith(action) : row.action === action)) &&
    is(filter.target, row.target) &&
    row.target.startsWith(filter.targetPrefix ?? '') &&
    is(filter.project, row.project) &&
    (projectTree === undefined ||
      projectTree === '' ||
      row.project === projectTree ||
      row.project.startsWith(`${projectTree}/`)) &&
    is(filter.outcome, row.outcome) &&
    is(filter.address, row.address) &&
    is(filter.requestId, row.request_id) &&
    row.at >= (filter.from ?? '') &&
    (filter.to === undefined || row.at < filter.to)
  )
}

const filters: fc.Arbitrary<AuditFilter> = fc.record(
  {
    actor: fc.constantFrom(...actors, 'nobody'),
    action: fc.constantFrom(...actions, 'tag.', 'tag', '.', 'session.'),
    target: fc.constantFrom(...targets, ''),
    targetPrefix: fc.constantFrom('', 'acme/app', 'acme/app:', 'ä', '\u{10ffff}', 'zzz', '%'),
    project: fc.constantFrom(...projects),
    projectTree: fc.constantFrom(...projects, 'acme/m'),
    outcome: fc.constantFrom('success', 'denied', 'failure'),
    address: fc.constantFrom(...addresses),
    requestId: fc.integer({ min: 0, max: count }).map((number) => `r-${number}`),
    from: fc.integer({ min: -5, max: count + 30 }).map(timeOf),
    to: fc.integer({ min: -5, max: count + 30 }).map(timeOf),
  },
  { requiredKeys: [] },
)

describe.each(testDatabases)('AuditLog on $name', (engine) => {
  describe.skipIf(!engine.available)('with entries in many buckets', () => {
    let test: TestDatabase
    let log: AuditLog
    beforeAll(async () => {
      test = await engine.open()
      log = new AuditLog(test)
      await test.database.transaction(async (tx) => {
        for (let from = 0; from < count; from += 100) {
          await tx
            .insertInto('audit_entries')
            .values(rows.slice(from, from + 100))
            .execute()
        }
      })
    })
    afterAll(async () => {
      await test.close()
    })

    it('finds exactly what the filter says, newest first, in pages of any size', async () => {
      await fc.assert(
        fc.asyncProperty(filters, fc.integer({ min: 1, max: 200 }), async (filter, limit) => {
          const wanted = rows.filter((row) => matches(row, filter)).toReversed()
          const found: AuditEntry[] = []
          let after: number | undefined
          do {
            const page = await log.findPage(filter, { after, limit })
            expect(page.entries.length).toBeLessThanOrEqual(limit)
            found.push(...page.entries)
            after = page.next
          } while (after !== undefined)
          expect(found.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
        }),
        { numRuns: 150 },
      )
    })

    it('gives all of it in portions, oldest first', async () => {
      await fc.assert(
        fc.asyncProperty(filters, async (filter) => {
          const found: number[] = []
          for await (const portion of log.portions(filter))
            found.push(...portion.map(({ id }) => id))
          expect(found).toEqual(rows.filter((row) => matches(row, filter)).map(({ id }) => id))
        }),
        { numRuns: 60 },
      )
    })

    it('answers with the whole entry', async () => {
      const { entries } = await log.findPage({}, { after: undefined, limit: 3 })
      expect(entries).toEqual(rows.slice(-3).toReversed())
    })

    it('looks through a bounded part for one page, and goes on from there', async () => {
      const other = await engine.open()
      try {
        // Both are frequent and never meet: the worst that two filters can be.
        await other.database.transaction(async (tx) => {
          for (let from = 0; from < 90_000; from += 1000) {
            const portion = Array.from({ length: 1000 }, (_, index) => ({
              ...rows[0]!,
              id: from + index + 1,
              actor_name: (from + index) % 2 === 0 ? 'alice' : 'bob',
              action: (from + index) % 2 === 0 ? 'tag.moved' : 'tag.created',
            }))
            await tx
              .insertInto('audit_entries')
              .values([{ ...portion[0]!, actor_name: 'bob' }, ...portion.slice(1)])
              .execute()
          }
        })
        const otherLog = new AuditLog(other)
        const filter = { actor: 'bob', action: 'tag.moved' }
        const ids: number[] = []
        let pages = 0
        let after: number | undefined
        do {
          const page = await otherLog.findPage(filter, { after, limit: 100 })
          ids.push(...page.entries.map(({ id }) => id))
          after = page.next
          pages += 1
        } while (after !== undefined)
        expect(pages).toBeGreaterThan(1)
        expect(ids).toEqual(Array.from({ length: 90 }, (_, index) => (89 - index) * 1000 + 1))
        const oldestFirst: number[] = []
        for await (const portion of otherLog.portions(filter))
          oldestFirst.push(...portion.map(({ id }) => id))
        expect(oldestFirst).toEqual(ids.toReversed())
      } finally {
        await other.close()
      }
    })
  })

  describe.skipIf(!engine.available)('without entries', () => {
    it('finds nothing', async () => {
      const test = await engine.open()
      try {
        const log = new AuditLog(test)
        expect(await log.findPage({}, { after: undefined, limit: 10 })).toEqual({
          entries: [],
          next: undefined,
        })
        expect(await log.status()).toEqual({
          head: { position: 0, hash: '0'.repeat(64) },
          removed: { position: 0, hash: '0'.repeat(64) },
          unsealed: 0,
          forwarded: [],
        })
        const portions = []
        for await (const portion of log.portions({ actor: 'x', action: 'tag.' }))
          portions.push(portion)
        expect(portions.flat()).toEqual([])
      } finally {
        await test.close()
      }
    })
  })
})
