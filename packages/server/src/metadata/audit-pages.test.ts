import { CompiledQuery, type KyselyPlugin, type RootOperationNode, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { type AuditFilter, findAuditPage } from './audit-pages.ts'

const count = 12_000
const timeOf = (number: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString()

/** Each leaves a small part of the rows. */
const singles: readonly (readonly [string, AuditFilter])[] = [
  ['by_actor', { actor: 'a7' }],
  ['by_action', { action: 'tag.7' }],
  ['by_action', { action: 'user.' }],
  ['by_target', { target: 't77' }],
  ['by_target', { targetPrefix: 't77' }],
  ['by_project', { project: 'p7' }],
  ['by_project', { projectTree: 'p7' }],
  ['by_outcome', { outcome: 'denied' }],
  ['by_address', { address: '10.0.0.7' }],
  ['by_request', { requestId: 'r7' }],
  ['by_time', { from: timeOf(count - 60) }],
  ['by_time', { to: timeOf(60) }],
]
const fullScan = /SCAN audit_entries|Seq Scan on audit_entries/

describe.each(testDatabases)('the plans of findAuditPage on $name', (engine) => {
  describe.skipIf(!engine.available)('with entries', () => {
    let test: TestDatabase
    beforeAll(async () => {
      test = await engine.open()
      const entry = (number: number) => ({
        at: timeOf(number),
        actor_kind: 'user',
        actor_id: 'a',
        actor_name: `a${number % 61}`,
        action: number % 67 === 0 ? 'user.created' : `tag.${number % 59}`,
        target_kind: 'tag',
        target: `t${number % 997}`,
        project: `p${number % 71}`,
        outcome: number % 53 === 0 ? ('denied' as const) : ('success' as const),
        address: `10.0.0.${number % 73}`,
        request_id: `r${number}`,
        before: null,
        after: null,
        position: null,
        hash: null,
      })
      await test.database.transaction(async (tx) => {
        for (let from = 0; from < count; from += 1000) {
          await tx
            .insertInto('audit_entries')
            .values(Array.from({ length: 1000 }, (_, index) => entry(from + index)))
            .execute()
        }
        // SQLite has no statistics in Berth, and has to do without here too.
        if (test.database.kind === 'postgres') await sql`analyze audit_entries`.execute(tx)
      })
    })
    afterAll(async () => {
      await test.close()
    })

    /** The plan of every query that finds ids for a page, as text. */
    async function plansOf(filter: AuditFilter): Promise<string[]> {
      return test.database.transaction(async (tx) => {
        const isPostgres = test.database.kind === 'postgres'
        // In a small table PostgreSQL prefers to read it all; like this it does so only where no index would do.
        if (isPostgres) await sql`set local enable_seqscan = off`.execute(tx)
        const nodes: RootOperationNode[] = []
        const recorder: KyselyPlugin = {
          transformQuery: ({ node }) => {
            nodes.push(node)
            return node
          },
          transformResult: ({ result }) => Promise.resolve(result),
        }
        await findAuditPage(tx.withPlugin(recorder), filter, {
          order: 'newest',
          after: undefined,
          limit: 50,
        })
        const plans: string[] = []
        for (const node of nodes) {
          const query = tx.getExecutor().compileQuery(node, { queryId: 'plan' })
          if (!query.sql.includes('4096')) continue
          const explain = isPostgres ? 'explain' : 'explain query plan'
          const { rows } = await tx.executeQuery(
            CompiledQuery.raw(`${explain} ${query.sql}`, [...query.parameters]),
          )
          plans.push(JSON.stringify(rows))
        }
        return plans
      })
    }

    it.each(singles)('goes through the index %s for %j', async (index, filter) => {
      const plans = await plansOf(filter)
      expect(plans.length).toBeGreaterThan(0)
      for (const plan of plans) {
        expect(plan).toContain(`audit_entries_${index}`)
        expect(plan).not.toMatch(fullScan)
      }
    })

    it('counts each of a pair by its own index, and finds by one of them', async () => {
      for (const [at, [index, first]] of singles.entries()) {
        for (const [otherIndex, second] of singles.slice(at + 1)) {
          if (index === otherIndex) continue
          const [counting, ...others] = await plansOf({ ...first, ...second })
          expect(counting).toContain(`audit_entries_${index}`)
          expect(counting).toContain(`audit_entries_${otherIndex}`)
          for (const plan of [counting, ...others]) expect(plan).not.toMatch(fullScan)
        }
      }
    })
  })
})
