import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AdvisoryImport, AdvisoryRecord } from './advisory-record.ts'
import { buildAdvisories } from './builder.ts'
import { AdvisoryDatabaseError, AdvisoryImportError } from './errors.ts'
import { openChecked } from './open-file.ts'
import { readData } from './data.ts'
import { formerFile } from './swap-file.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-advisories-'))
  file = join(folder, 'advisories.db')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('an import leaves the records of other sources and replaces its own', async () => {
  await buildAdvisories(file, [source('osv/Debian', ['A', 'B']), source('osv/Go', ['C'])])
  const result = await buildAdvisories(file, [source('osv/Go', ['D', 'E', 'F'])])
  expect(advisories()).toEqual(['A', 'B', 'D', 'E', 'F'])
  expect(result.data.revision).toBe(2)
  expect(result.data.builtAt).toBe('2024-01-01T00:00:00.000Z')
  expect(result.data.sources.map(({ name, records }) => [name, records])).toEqual([
    ['osv/Debian', 2],
    ['osv/Go', 3],
  ])
})

test('the former database is kept, and readers of it go on', async () => {
  await buildAdvisories(file, [source('osv/Go', ['A'])])
  const reader = openChecked(file)
  await buildAdvisories(file, [source('osv/Go', ['B'])])
  expect(reader.prepare('SELECT name FROM advisory').all()).toEqual([{ name: 'A' }])
  reader.close()
  expect(advisories(formerFile(file))).toEqual(['A'])
  expect(readdirSync(folder).toSorted()).toEqual([
    'advisories.db',
    'advisories.db.former',
    'advisories.db.lock',
  ])
})

test.each([
  ['that breaks off', failing(new AdvisoryImportError('broken zip')), AdvisoryImportError],
  ['that brings nothing', source('osv/Go', []), AdvisoryImportError],
  ['that is aborted', failing(new DOMException('stop', 'AbortError')), DOMException],
])('an import %s leaves the former database in force', async (_, broken, kind) => {
  await buildAdvisories(file, [source('osv/Go', ['A'])])
  const before = readFileSync(file)
  await expect(buildAdvisories(file, [source('osv/PyPI', ['X']), broken])).rejects.toThrow(kind)
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([])
})

test('an abort ends the import at its next record', async () => {
  const abort = new AbortController()
  const endless: AdvisoryImport = {
    source: 'osv/Go',
    read(writer) {
      for (let index = 0; ; index += 1) {
        if (index === 5000) abort.abort(new Error('enough'))
        writer.advisory(record(`GO-${index}`))
      }
    },
  }
  const progress: number[] = []
  const options = {
    signal: abort.signal,
    onProgress: ({ records }: { records: number }) => progress.push(records),
  }
  await expect(buildAdvisories(file, [endless], options)).rejects.toThrow('enough')
  expect(progress).toEqual([1000, 2000, 3000, 4000, 5000])
  expect(existsSync(file)).toBe(false)
})

test('two imports at a time: the second is told so', async () => {
  let release: (() => void) | undefined
  const slow: AdvisoryImport = {
    source: 'osv/Go',
    async read(writer) {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      writer.advisory(record('A'))
      return { builtAt: '2024-01-01T00:00:00.000Z', leftOut: {} }
    },
  }
  const first = buildAdvisories(file, [slow])
  await expect.poll(() => release).toBeDefined()
  await expect(buildAdvisories(file, [source('osv/PyPI', ['B'])])).rejects.toThrow(
    /Another import into .* is running/,
  )
  release?.()
  await first
  expect(advisories()).toEqual(['A'])
})

test.each([
  ['missing', async () => {}, /does not exist. Import some first/],
  [
    'no database',
    async () => writeFileSync(file, 'hello '.repeat(1000)),
    /broken or no SQLite file/,
  ],
  ['empty', async () => writeFileSync(file, ''), /not an advisory database of Berth/],
  ['foreign', async () => sql(`CREATE TABLE users (id)`), /not an advisory database of Berth/],
  ['of a newer Berth', async () => change('PRAGMA user_version = 99'), /made by a newer Berth/],
  ['of an older Berth', async () => change('PRAGMA user_version = 0'), /made by an older Berth/],
  ['half made', async () => change(`DELETE FROM meta WHERE key = 'complete'`), /half an import/],
  [
    'with a trigger',
    async () => change(`CREATE VIEW more AS SELECT * FROM advisory`),
    /something else has changed it/,
  ],
  [
    'cut short',
    async () => {
      await build()
      truncateSync(file, readFileSync(file).length - 4096)
    },
    /not whole|broken/,
  ],
])('a file that is %s is refused with what to do', async (_, make, message) => {
  await make()
  expect(() => openChecked(file)).toThrow(AdvisoryDatabaseError)
  expect(() => openChecked(file)).toThrow(message)
})

test('an import into a broken file does not replace it', async () => {
  writeFileSync(file, 'hello '.repeat(1000))
  await expect(build()).rejects.toThrow(/advisories\.db is broken or no SQLite file/)
  expect(readFileSync(file, 'utf8')).toMatch(/^hello/)
})

test('an import into a folder that is not there says so', async () => {
  await expect(
    buildAdvisories(join(folder, 'no', 'advisories.db'), [source('osv/Go', ['A'])]),
  ).rejects.toThrow(/must be there and writable/)
})

async function build(): Promise<void> {
  await buildAdvisories(file, [source('osv/Go', ['A', 'B', 'C'])])
}

async function change(statement: string): Promise<void> {
  await build()
  sql(statement)
}

function sql(statement: string): void {
  const database = new DatabaseSync(file)
  database.exec(statement)
  database.close()
}

function advisories(from = file): string[] {
  const database = openChecked(from)
  try {
    expect(readData(database).revision).toBeGreaterThan(0)
    return database
      .prepare('SELECT name FROM advisory ORDER BY name')
      .all()
      .map((row) => String(row['name']))
  } finally {
    database.close()
  }
}

function source(name: string, ids: readonly string[]): AdvisoryImport {
  return {
    source: name,
    read(writer) {
      for (const id of ids) writer.advisory(record(id))
      return Promise.resolve({ builtAt: '2024-01-01T00:00:00.000Z', leftOut: {} })
    },
  }
}

function failing(error: Error): AdvisoryImport {
  return {
    source: 'osv/Go',
    read(writer) {
      writer.advisory(record('Z'))
      return Promise.reject(error)
    },
  }
}

function record(id: string): AdvisoryRecord {
  return {
    id,
    vulnerabilities: [id],
    aliases: [],
    references: [],
    cwes: [],
    scores: [],
    affected: [
      {
        ecosystem: 'golang',
        release: '',
        name: 'example.org/a',
        ranges: [{ to: '1.2.3', fixed: '1.2.3' }],
        versions: [],
        state: 'fixed',
      },
    ],
  }
}
