import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestContext } from '../actor.ts'
import { insertAuditEntry, type SealedEntry } from '../metadata/audit-entries.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { AuditLog } from './log.ts'
import { AuditSealer } from './sealer.ts'
import { type ChainFault, AuditVerification } from './verification.ts'

const start = Date.parse('2026-01-01T00:00:00.000Z')
const context: RequestContext = {
  actor: { kind: 'user', id: 'u-1', name: 'alice' },
  address: '192.0.2.7',
  requestId: 'r-1',
}
const count = 12

describe.each(testDatabases)('AuditVerification on $name', (engine) => {
  describe.skipIf(!engine.available)('on a sealed chain', () => {
    let test: TestDatabase
    let sealer: AuditSealer
    let verification: AuditVerification
    let log: AuditLog
    let good: SealedEntry[]
    beforeAll(async () => {
      test = await engine.open()
      const { database } = test
      sealer = new AuditSealer({ database, now: () => start })
      verification = new AuditVerification({ database })
      log = new AuditLog({ database })
      await write(count)
      await sealer.seal()
      good = (await database.read
        .selectFrom('audit_entries')
        .selectAll()
        .orderBy('position')
        .execute()) as SealedEntry[]
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      await restore(good)
    })

    const write = (entries: number) =>
      test.database.transaction(async (tx) => {
        for (let number = 0; number < entries; number += 1) {
          await insertAuditEntry(
            tx,
            context,
            {
              action: 'tag.moved',
              targetKind: 'tag',
              target: `acme/app:${number}`,
              project: 'acme',
              before: { digest: `sha256:${number}` },
              after: { digest: `sha256:${number + 1}` },
            },
            new Date(start + number).toISOString(),
          )
        }
      })
    const restore = (rows: readonly SealedEntry[]) =>
      test.database.transaction(async (tx) => {
        await tx.deleteFrom('audit_entries').execute()
        await tx.deleteFrom('audit_state').execute()
        await tx
          .insertInto('audit_entries')
          .values([...rows])
          .execute()
        const { position, hash } = rows.at(-1)!
        await tx
          .insertInto('audit_state')
          .values({ name: 'chain', position, hash, updated_at: '' })
          .execute()
      })
    const change = (work: (tx: typeof test.database.read) => Promise<unknown>) =>
      test.database.transaction(work)
    const remove = (tx: typeof test.database.read, position: number) =>
      tx.deleteFrom('audit_entries').where('position', '=', position).execute()
    const fault = async () => (await verification.run()).fault
    const idOf = (position: number) => good[position - 1]!.id
    const expected = (position: number, check: ChainFault['check']) => ({
      position,
      id: check === 'missing' ? undefined : idOf(position),
      check,
    })

    it('finds nothing wrong with what was only written and sealed', async () => {
      const report = await verification.run()
      expect(report).toEqual({
        fault: undefined,
        verified: count,
        after: { position: 0, hash: '0'.repeat(64) },
        head: { position: count, hash: good.at(-1)!.hash },
        unsealed: 0,
      })
    })

    it('finds one altered character in any text column, at its row', async () => {
      const columns = [
        'at',
        'actor_kind',
        'actor_id',
        'actor_name',
        'action',
        'target_kind',
        'target',
        'project',
        'outcome',
        'address',
        'request_id',
        'before',
        'after',
        'hash',
      ] as const
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...columns),
          fc.integer({ min: 1, max: count }),
          fc.nat(),
          fc.integer({ min: 1, max: 127 }),
          async (column, position, place, flip) => {
            const text = String(good[position - 1]![column])
            const at = place % text.length
            const code = text.charCodeAt(at) ^ flip
            // U+0000 does not go into PostgreSQL.
            fc.pre(code !== 0)
            const altered = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
            await change((tx) =>
              tx
                .updateTable('audit_entries')
                .set({ [column]: altered })
                .where('position', '=', position)
                .execute(),
            )
            expect(await fault()).toEqual(expected(position, 'altered'))
            await change((tx) =>
              tx
                .updateTable('audit_entries')
                .set({ [column]: text })
                .where('position', '=', position)
                .execute(),
            )
          },
        ),
        { numRuns: 80 },
      )
      expect(await fault()).toBeUndefined()
    })

    it.each(['before', 'after'] as const)(
      'finds a %s that was taken away or added',
      async (column) => {
        for (const value of [null, '', '{}']) {
          await restore(good)
          await change((tx) =>
            tx
              .updateTable('audit_entries')
              .set({ [column]: value })
              .where('position', '=', 5)
              .execute(),
          )
          expect(await fault()).toEqual(expected(5, 'altered'))
        }
      },
    )

    it('finds another id', async () => {
      await change((tx) =>
        tx.updateTable('audit_entries').set({ id: 1_000_000 }).where('position', '=', 7).execute(),
      )
      expect(await fault()).toEqual({ position: 7, id: 1_000_000, check: 'altered' })
    })

    it('finds a position that was altered in any bit, as the row that is missing or too many', async () => {
      for (let bit = 0; bit < 63; bit += 1) {
        await restore(good)
        const altered = 5n ^ (1n << BigInt(bit))
        // Where another row stands already, that one had to go.
        const taken = altered >= 1n && altered <= BigInt(count)
        await change(async (tx) => {
          if (taken) await remove(tx, Number(altered))
          await tx
            .updateTable('audit_entries')
            // Both databases hold whole numbers beyond those of JavaScript.
            .set({ position: altered as unknown as number })
            .where('position', '=', 5)
            .execute()
        })
        const first = taken ? Math.min(5, Number(altered)) : 5
        const isThere = taken && first === Number(altered)
        expect(await fault()).toEqual({
          position: first,
          id: isThere ? idOf(5) : undefined,
          check: isThere ? 'altered' : 'missing',
        })
      }
    })

    it('finds a deleted row wherever it was', async () => {
      for (let position = 1; position <= count; position += 1) {
        await restore(good)
        await change((tx) =>
          tx.deleteFrom('audit_entries').where('position', '=', position).execute(),
        )
        expect(await fault()).toEqual(expected(position, 'missing'))
      }
    })

    it('finds two rows that changed places', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: count - 1 }),
          fc.integer({ min: 1, max: count - 1 }),
          async (a, distance) => {
            const b = ((a - 1 + distance) % count) + 1
            await change(async (tx) => {
              const move = (from: number, to: number) =>
                tx
                  .updateTable('audit_entries')
                  .set({ position: to })
                  .where('position', '=', from)
                  .execute()
              await move(a, 0)
              await move(b, a)
              await move(0, b)
            })
            const first = Math.min(a, b)
            expect(await fault()).toEqual({
              position: first,
              id: idOf(Math.max(a, b)),
              check: 'altered',
            })
            await restore(good)
          },
        ),
        { numRuns: 20 },
      )
    })

    it('finds an inserted row: in between, before the beginning and after the end', async () => {
      const insert = (position: number, shift: boolean) =>
        change(async (tx) => {
          if (shift) {
            for (let each = count; each >= position; each -= 1) {
              await tx
                .updateTable('audit_entries')
                .set({ position: each + 1 })
                .where('position', '=', each)
                .execute()
            }
          }
          await tx
            .insertInto('audit_entries')
            .values({ ...good[0]!, id: 5_000_000, position })
            .execute()
        })
      await insert(6, true)
      expect(await fault()).toEqual({ position: 6, id: 5_000_000, check: 'altered' })
      await restore(good)
      await insert(0, false)
      expect(await fault()).toEqual({ position: 0, id: 5_000_000, check: 'inserted' })
      await restore(good)
      await insert(count + 1, false)
      expect(await fault()).toEqual({ position: count + 1, id: 5_000_000, check: 'inserted' })
      await restore(good)
      await insert(count + 9, false)
      expect(await fault()).toEqual({ position: count + 9, id: 5_000_000, check: 'inserted' })
    })

    it('finds a tail that was cut off, and a head that was put back', async () => {
      for (let left = 0; left < count; left += 1) {
        await restore(good)
        await change((tx) => tx.deleteFrom('audit_entries').where('position', '>', left).execute())
        expect(await fault()).toEqual(expected(left + 1, 'missing'))
        await restore(good)
        const old = left === 0 ? { position: 0, hash: '0'.repeat(64) } : good[left - 1]!
        await change((tx) =>
          tx.updateTable('audit_state').set({ position: old.position, hash: old.hash }).execute(),
        )
        expect(await fault()).toEqual(expected(left + 1, 'inserted'))
      }
      await restore(good)
      await change((tx) =>
        tx
          .updateTable('audit_state')
          .set({ hash: 'f'.repeat(64) })
          .execute(),
      )
      expect(await fault()).toEqual({ position: count, id: undefined, check: 'head' })
      await change((tx) => tx.deleteFrom('audit_state').execute())
      expect(await fault()).toEqual(expected(1, 'inserted'))
    })

    it('finds a whole tail that was removed together with its head only by a head that was kept', async () => {
      const kept = await log.head()
      await restore(good.slice(0, 8))
      expect(await fault()).toBeUndefined()
      expect((await verification.run({ expected: kept })).fault).toEqual({
        position: 9,
        id: undefined,
        check: 'missing',
      })
    })

    it('finds a chain that was computed anew only by a head that was kept', async () => {
      const kept = await log.head()
      await change(async (tx) => {
        await tx.deleteFrom('audit_state').execute()
        await tx.updateTable('audit_entries').set({ position: null, hash: null }).execute()
        await tx
          .updateTable('audit_entries')
          .set({ actor_name: 'bob' })
          .where('id', '=', idOf(3))
          .execute()
      })
      await sealer.seal()
      expect(await fault()).toBeUndefined()
      expect((await verification.run({ expected: kept })).fault).toEqual({
        position: count,
        id: idOf(count),
        check: 'expected',
      })
    })

    it('begins where it is told to, and refuses where there is nothing', async () => {
      await change((tx) =>
        tx.updateTable('audit_entries').set({ target: 'x' }).where('position', '=', 3).execute(),
      )
      expect((await verification.run({ from: 3 })).fault).toEqual(expected(3, 'altered'))
      expect(await verification.run({ from: 4 })).toMatchObject({ fault: undefined, verified: 9 })
      expect(await verification.run({ from: count + 1 })).toMatchObject({ verified: 0 })
      for (const from of [0, -5, count + 2])
        await expect(verification.run({ from })).rejects.toMatchObject({ kind: 'requestInvalid' })
    })

    it('counts what waits for its place, and goes on from there once it is sealed', async () => {
      await write(3)
      expect(await verification.run()).toMatchObject({
        fault: undefined,
        verified: count,
        unsealed: 3,
      })
      expect(await sealer.seal()).toBe(3)
      expect(await sealer.seal()).toBe(0)
      expect(await verification.run()).toMatchObject({
        fault: undefined,
        verified: count + 3,
        unsealed: 0,
      })
    })

    it('seals every entry once when several nodes seal at the same time', async () => {
      await write(1300)
      const others = [1, 2, 3].map(
        () => new AuditSealer({ database: test.database, now: () => start }),
      )
      const sealed = await Promise.all([sealer, ...others].map((each) => each.seal()))
      expect(sealed.reduce((sum, each) => sum + each, 0)).toBe(1300)
      expect(await verification.run()).toMatchObject({ fault: undefined, verified: count + 1300 })
    })

    it('keeps verifying while entries are written and sealed', async () => {
      await write(1200)
      await sealer.seal()
      const over = new AbortController()
      const writing = (async () => {
        while (!over.signal.aborted) {
          await write(3)
          await sealer.seal()
        }
      })()
      for (let round = 0; round < 5; round += 1) expect(await fault()).toBeUndefined()
      over.abort()
      await writing
    })

    it('gives an entry that is committed late the next place', async () => {
      await change((tx) =>
        tx
          .insertInto('audit_entries')
          .values({ ...good[4]!, id: 3_000_000, position: null, hash: null })
          .execute(),
      )
      await sealer.seal()
      await change((tx) =>
        tx
          .insertInto('audit_entries')
          .values({ ...good[4]!, id: 2_000_000, position: null, hash: null })
          .execute(),
      )
      await sealer.seal()
      const rows = await test.database.read
        .selectFrom('audit_entries')
        .select(['id', 'position'])
        .where('position', '>', count)
        .orderBy('position')
        .execute()
      expect(rows.map(({ id }) => id)).toEqual([3_000_000, 2_000_000])
      expect(await fault()).toBeUndefined()
    })

    it('stops when told', async () => {
      await expect(verification.run({ signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AbortError',
      })
    })
  })
})
