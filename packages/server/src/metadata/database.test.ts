import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from './sqlite.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'

describe.each(testDatabases)('database on $name', ({ available, open }) => {
  describe.skipIf(!available)('open', () => {
    let test: TestDatabase
    beforeAll(async () => {
      test = await open()
    })
    afterAll(async () => {
      await test.close()
    })

    const repository = (name: string) => ({ name, created_at: new Date().toISOString() })

    it('reads what a transaction wrote', async () => {
      const { database } = test
      await database.transaction((tx) =>
        tx.insertInto('repositories').values(repository('a')).execute(),
      )
      const find = database.prepare<{ name: string }, { id: number; name: string }>((db, p) =>
        db.selectFrom('repositories').select(['id', 'name']).where('name', '=', p('name')),
      )
      expect((await find.first({ name: 'a' }))?.id).toBeTypeOf('number')
      expect(await find.first({ name: 'b' })).toBeUndefined()
      expect(await find.all({ name: 'a' })).toHaveLength(1)
    })

    it('keeps nothing of a transaction that throws', async () => {
      const { database } = test
      await expect(
        database.transaction(async (tx) => {
          await tx.insertInto('repositories').values(repository('lost')).execute()
          throw new Error('stop')
        }),
      ).rejects.toThrow('stop')
      const rows = await database.read
        .selectFrom('repositories')
        .selectAll()
        .where('name', '=', 'lost')
        .execute()
      expect(rows).toEqual([])
    })

    it('runs transactions that overlap without losing one', async () => {
      const { database } = test
      await database.transaction((tx) =>
        tx
          .insertInto('secrets')
          .values({ name: 'n', value: '0', created_at: new Date().toISOString() })
          .execute(),
      )
      const count = () =>
        database.transaction(async (tx) => {
          const row = await tx
            .selectFrom('secrets')
            .select('value')
            .where('name', '=', 'n')
            .$if(database.kind === 'postgres', (query) => query.forUpdate())
            .executeTakeFirstOrThrow()
          await tx
            .updateTable('secrets')
            .set({ value: String(Number(row.value) + 1) })
            .where('name', '=', 'n')
            .execute()
        })
      await Promise.all(Array.from({ length: 50 }, count))
      const row = await database.read
        .selectFrom('secrets')
        .select('value')
        .where('name', '=', 'n')
        .executeTakeFirstOrThrow()
      expect(row.value).toBe('50')
    })

    it('a prepared read sees each commit, however often it was asked before', async () => {
      const { database } = test
      const find = database.prepare<{ name: string }, { value: string }>((db, p) =>
        db.selectFrom('secrets').select('value').where('name', '=', p('name')),
      )
      const write = (value: string) =>
        database.transaction((tx) =>
          tx
            .insertInto('secrets')
            .values({ name: 'seen', value, created_at: new Date().toISOString() })
            .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
            .execute(),
        )
      expect(await find.first({ name: 'seen' })).toBeUndefined()
      for (const value of ['one', 'two', 'three']) {
        await write(value)
        expect(await find.first({ name: 'seen' })).toEqual({ value })
        expect(await find.first({ name: 'seen' })).toEqual({ value })
      }
    })

    it('sorts names by bytes, not by language', async () => {
      const { database } = test
      await database.transaction((tx) =>
        tx
          .insertInto('repositories')
          .values(['s/b', 's-a', 's/a', 's_z', 's.b'].map(repository))
          .execute(),
      )
      const rows = await database.read
        .selectFrom('repositories')
        .select('name')
        .where('name', 'like', 's%')
        .orderBy('name')
        .execute()
      expect(rows.map((row) => row.name)).toEqual(['s-a', 's.b', 's/a', 's/b', 's_z'])
    })

    it('refuses work after it was closed', async () => {
      const second = await open()
      await second.close()
      await expect(
        second.database.transaction((tx) => tx.selectFrom('users').selectAll().execute()),
      ).rejects.toThrow()
    })
  })
})

describe('two processes on one SQLite file', () => {
  it('see what the other has committed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-shared-'))
    const file = join(folder, 'metadata.sqlite')
    const [ours, theirs] = [await openSqlite({ file }), await openSqlite({ file })]
    const find = ours.prepare<{ name: string }, { id: number }>((db, p) =>
      db.selectFrom('repositories').select('id').where('name', '=', p('name')),
    )
    for (const name of ['a', 'b', 'c']) {
      expect(await find.first({ name })).toBeUndefined()
      await theirs.transaction((tx) =>
        tx.insertInto('repositories').values({ name, created_at: '' }).execute(),
      )
      expect(await find.first({ name })).toBeDefined()
    }
    await ours.close()
    await theirs.close()
    await rm(folder, { recursive: true })
  })
})
