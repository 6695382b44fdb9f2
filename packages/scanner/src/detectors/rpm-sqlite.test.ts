import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScanLimit, Unreadable } from '../detector.ts'
import { rpmSqlite, rpmSqliteLog } from './rpm-sqlite.ts'
import { rpmHeaderOf, rpmHeaders } from './rpm/testing/sample.ts'
import { answersOrRefuses, mutationsOf } from './testing/mutations.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'var/lib/rpm/rpmdb.sqlite'
const schema = 'CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)'

async function databaseOf(fill: (database: DatabaseSync) => void): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-rpmdb-'))
  try {
    const file = join(folder, 'rpmdb.sqlite')
    const database = new DatabaseSync(file)
    fill(database)
    database.close()
    return await readFile(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function insert(database: DatabaseSync, blobs: readonly (Buffer | string)[]): void {
  const statement = database.prepare('INSERT INTO Packages (blob) VALUES (?)')
  for (const blob of blobs) statement.run(blob)
}

describe('the SQLite database of rpm', () => {
  it('is wanted where distributions keep it', () => {
    const wants = (file: string) => rpmSqlite.wants({ path: file, isExecutable: false, size: 1 })
    expect(wants(path)).toBe(true)
    expect(wants('usr/lib/sysimage/rpm/rpmdb.sqlite')).toBe(true)
    expect(wants('usr/share/rpm/rpmdb.sqlite')).toBe(true)
    expect(wants('tmp/rpmdb.sqlite')).toBe(false)
  })

  it('lists its packages, as left by a writer with a log beside it', async () => {
    const bytes = await databaseOf((database) => {
      database.exec(`PRAGMA journal_mode = WAL; ${schema}`)
      insert(database, rpmHeaders(30))
    })
    const { packages } = await detectBytes(rpmSqlite, path, bytes)
    expect(packages?.map(({ name }) => name)).toEqual(
      Array.from({ length: 30 }, (_, index) => `package${index}`),
    )
  })

  it('says so when a log with changes was left beside it', async () => {
    const log = { path: `${path}-wal`, isExecutable: false }
    expect(rpmSqliteLog.wants({ ...log, size: 0 })).toBe(false)
    expect(rpmSqliteLog.wants({ ...log, size: 4152 })).toBe(true)
    const { notCovered } = await detectBytes(rpmSqliteLog, log.path, Buffer.alloc(4152))
    expect(notCovered).toMatch(/write-ahead log/)
  })

  it.each([
    ['no table', 'CREATE TABLE Other (blob BLOB)', /no table Packages/],
    [
      'a view that never ends',
      'CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 UNION ALL SELECT blob FROM n) SELECT 1 AS hnum, blob FROM n',
      /no table Packages/,
    ],
    ['a virtual table', 'CREATE VIRTUAL TABLE Packages USING fts5(blob)', /no table Packages/],
    [
      'a column that is computed',
      'CREATE TABLE Packages (hnum INTEGER, blob BLOB AS (zeroblob(1000000000)))',
      /no plain column/,
    ],
    ['no column', 'CREATE TABLE Packages (hnum INTEGER)', /no plain column/],
  ])('with %s instead of its table is refused', async (_, sql, message) => {
    const bytes = await databaseOf((database) => database.exec(sql))
    const detecting = detectBytes(rpmSqlite, path, bytes)
    await expect(detecting).rejects.toThrow(Unreadable)
    await expect(detecting).rejects.toThrow(message)
  })

  it('with a row that is no header keeps what was read before it', async () => {
    const bytes = await databaseOf((database) => {
      database.exec(schema)
      insert(database, [rpmHeaderOf(), 'text', rpmHeaderOf()])
    })
    const detected = await detectBytes(rpmSqlite, path, bytes)
    expect(detected.packages).toHaveLength(1)
    expect(detected.notCovered).toMatch(/holds no package header/)
  })

  it('with a header larger than the limit is refused', async () => {
    const bytes = await databaseOf((database) => {
      database.exec(schema)
      database.exec('INSERT INTO Packages (blob) VALUES (zeroblob(67108865))')
    })
    await expect(detectBytes(rpmSqlite, path, bytes)).rejects.toThrow(ScanLimit)
  })

  it.each([
    ['text', Buffer.from('this is no database, but long enough to be taken for one '.repeat(20))],
    ['an empty page', Buffer.alloc(4096)],
  ])('that is %s is refused', async (_, bytes) => {
    await expect(detectBytes(rpmSqlite, path, bytes)).rejects.toThrow(Unreadable)
  })

  it('that is broken in any way is read or refused', async () => {
    const good = await databaseOf((database) => {
      database.exec(schema)
      insert(database, rpmHeaders(20))
    })
    await fc.assert(
      fc.asyncProperty(mutationsOf(good), (bytes) =>
        answersOrRefuses(() => detectBytes(rpmSqlite, path, bytes)),
      ),
      { numRuns: 300 },
    )
  })
})
