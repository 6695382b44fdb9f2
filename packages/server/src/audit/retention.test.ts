import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { exportEntries } from './export.ts'
import { verifyExport } from './file-verification.ts'
import { readLines } from './lines.ts'
import { AuditLog } from './log.ts'
import { AuditRetention } from './retention.ts'
import { AuditSealer } from './sealer.ts'
import { AuditVerification } from './verification.ts'

const dayMs = 86_400_000
const start = Date.parse('2026-01-01T00:00:00.000Z')

describe.each(testDatabases)('AuditRetention on $name', (engine) => {
  describe.skipIf(!engine.available)('on a log of three years', () => {
    let test: TestDatabase
    let now = start
    const clock = () => now
    beforeAll(async () => {
      test = await engine.open()
      for (let year = 0; year < 3; year += 1) {
        now = start + year * 365 * dayMs
        await test.database.transaction(async (tx) => {
          for (let number = 0; number < 600; number += 1) {
            await insertAuditEntry(
              tx,
              { actor: { kind: 'user', id: 'u', name: 'a' }, address: '', requestId: '' },
              { action: 'x.done', targetKind: 'x', target: `${year}`, project: '' },
              new Date(now).toISOString(),
            )
          }
        })
        await new AuditSealer({ database: test.database, now: clock }).seal()
      }
    })
    afterAll(async () => {
      await test.close()
    })

    const retention = (days: number) =>
      new AuditRetention({ database: test.database, retentionDays: days, targets: [], now: clock })
    const verification = () => new AuditVerification({ database: test.database })
    const log = () => new AuditLog({ database: test.database })

    it('removes nothing for 0 days, nor what is young enough', async () => {
      expect(await retention(0).run()).toBe(0)
      expect(await retention(730).run()).toBe(0)
      expect(await retention(400).run({ signal: AbortSignal.abort() })).toBe(0)
      expect((await verification().run()).verified).toBe(1800)
    })

    it('removes the oldest, says so, and the rest still verifies', async () => {
      expect(await retention(400).run()).toBe(600)
      await new AuditSealer({ database: test.database, now: clock }).seal()
      // 600 went in two portions.
      expect(await verification().run()).toMatchObject({
        fault: undefined,
        verified: 1202,
        after: { position: 600 },
      })
      const { entries } = await log().findPage({ action: 'audit.' }, { after: undefined, limit: 9 })
      expect(entries.map(({ after }) => JSON.parse(after ?? ''))).toEqual([
        { entries: 100, through: 600, olderThan: expect.any(String) },
        { entries: 500, through: 500, olderThan: expect.any(String) },
      ])
      expect((await log().status()).removed.position).toBe(600)
    })

    it('leaves an export whole, which begins after what was removed', async () => {
      const lines = readLines(exportEntries(log(), {}, { format: 'jsonl' }))
      expect(await verifyExport(lines, { partial: false })).toMatchObject({
        fault: undefined,
        verified: 1202,
        first: 601,
      })
    })

    it('has a fault found in the beginning that was moved by hand', async () => {
      const change = (position: number) =>
        test.database.transaction((tx) =>
          tx.updateTable('audit_state').set({ position }).where('name', '=', 'retention').execute(),
        )
      await change(602)
      expect((await verification().run()).fault).toMatchObject({ position: 601, check: 'inserted' })
      await change(598)
      expect((await verification().run()).fault).toEqual({
        position: 599,
        id: undefined,
        check: 'missing',
      })
      await change(600)
      expect((await verification().run()).fault).toBeUndefined()
      await expect(verification().run({ from: 300 })).rejects.toMatchObject({
        kind: 'requestInvalid',
      })
      await expect(
        verification().run({ expected: { position: 300, hash: '0'.repeat(64) } }),
      ).rejects.toMatchObject({ kind: 'requestInvalid' })
    })

    it('finds a row that was put back before the beginning', async () => {
      await test.database.transaction(async (tx) => {
        const row = await tx
          .selectFrom('audit_entries')
          .selectAll()
          .limit(1)
          .executeTakeFirstOrThrow()
        await tx
          .insertInto('audit_entries')
          .values({ ...row, id: 9_000_000, position: 7 })
          .execute()
      })
      expect((await verification().run()).fault).toEqual({
        position: 7,
        id: 9_000_000,
        check: 'inserted',
      })
      await test.database.transaction((tx) =>
        tx.deleteFrom('audit_entries').where('id', '=', 9_000_000).execute(),
      )
    })

    it('keeps the last entry of all, however old', async () => {
      now += 10 * 365 * dayMs
      await retention(1).run()
      const { head, removed } = await log().status()
      expect(removed.position).toBe(head.position - 1)
      expect((await verification().run()).fault).toBeUndefined()
    })
  })
})
