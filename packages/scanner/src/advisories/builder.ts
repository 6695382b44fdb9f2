import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { AdvisoryData } from '../finding.ts'
import type { AdvisoryImport, ImportOutcome } from './advisory-record.ts'
import { underBuildLock } from './build-lock.ts'
import { readData } from './data.ts'
import { AdvisoryDatabaseError, AdvisoryImportError } from './errors.ts'
import { openChecked } from './open-file.ts'
import { applicationId, indexes, schemaVersion, sourcedTables, tables } from './schema.ts'
import { swapFile } from './swap-file.ts'
import { SourceWriter } from './writer.ts'

export type BuildOptions = {
  readonly signal?: AbortSignal | undefined
  /** Called for about every thousand records. */
  readonly onProgress?: ((progress: { source: string; records: number }) => void) | undefined
}

export type BuildResult = {
  readonly data: AdvisoryData
  readonly imports: readonly {
    readonly source: string
    readonly records: number
    readonly leftOut: ImportOutcome['leftOut']
  }[]
}

/**
 * Makes a new database out of the one at `file`, if there is one, and `imports`: each replaces what its source brought
 * before, other sources stay. It is built beside, synced and put in place in one step; the former one is kept as
 * `formerFile(file)`. When anything fails, or `signal` aborts, `file` stays as it was.
 *
 * Throws `AdvisoryDatabaseError` when the present file cannot be used, the folder cannot be written, or another build is
 * running; `AdvisoryImportError` when data cannot be read. SQLite is synchronous: a server calls this outside its
 * main thread.
 */
export async function buildAdvisories(
  file: string,
  imports: readonly AdvisoryImport[],
  options: BuildOptions = {},
): Promise<BuildResult> {
  return underBuildLock(file, async () => {
    const made = `${file}.${randomUUID()}.new`
    try {
      const result = await build(file, made, imports, options)
      await swapFile(made, file)
      return result
    } catch (error) {
      throw isSqlite(error) ? cannotBuild(file, error) : error
    } finally {
      await rm(made, { force: true })
    }
  })
}

async function build(
  file: string,
  made: string,
  imports: readonly AdvisoryImport[],
  options: BuildOptions,
): Promise<BuildResult> {
  const database = await start(file, made)
  try {
    const results: BuildResult['imports'][number][] = []
    for (const one of imports) results.push(await runImport(database, one, options))
    finish(database)
    return { data: readData(database), imports: results }
  } finally {
    database.close()
  }
}

/** The copy of the former one, or a new one, in a transaction that no journal protects: a half-made file is removed. */
async function start(file: string, made: string): Promise<DatabaseSync> {
  const isCopied = await copyFormer(file, made)
  const database = new DatabaseSync(made)
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536')
  if (!isCopied) {
    database.exec(
      `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`,
    )
    for (const sql of tables) database.exec(sql)
    database.exec(`INSERT INTO meta (key, value) VALUES ('revision', '0')`)
  }
  database.exec('BEGIN')
  database.exec(`DELETE FROM meta WHERE key = 'complete'`)
  for (const { name } of indexNames(database)) database.exec(`DROP INDEX ${name}`)
  return database
}

async function copyFormer(file: string, made: string): Promise<boolean> {
  try {
    await copyFile(file, made, constants.COPYFILE_FICLONE)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw new AdvisoryDatabaseError(
      `${file} cannot be copied: ${error instanceof Error ? error.message : String(error)}. Check the folder and the space in it.`,
      { cause: error },
    )
  }
  openChecked(made, file).close()
  return true
}

function indexNames(database: DatabaseSync): { name: string }[] {
  return database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`)
    .all() as { name: string }[]
}

async function runImport(
  database: DatabaseSync,
  one: AdvisoryImport,
  options: BuildOptions,
): Promise<BuildResult['imports'][number]> {
  const id = replaceSource(database, one)
  const writer = new SourceWriter(
    database,
    { id, name: one.source },
    {
      signal: options.signal,
      onRecords: (records) => options.onProgress?.({ source: one.source, records }),
    },
  )
  options.signal?.throwIfAborted()
  const outcome = await one.read(writer, options.signal)
  options.signal?.throwIfAborted()
  if (writer.records === 0) {
    throw new AdvisoryImportError(
      `${one.source} brought no record at all. The data that was there before stays. Check where it comes from.`,
    )
  }
  database
    .prepare('UPDATE source SET built_at = ?, records = ? WHERE id = ?')
    .run(outcome.builtAt, writer.records, id)
  options.onProgress?.({ source: one.source, records: writer.records })
  return { source: one.source, records: writer.records, leftOut: outcome.leftOut }
}

function replaceSource(database: DatabaseSync, one: AdvisoryImport): number {
  const former = database.prepare('SELECT id FROM source WHERE name = ?').get(one.source)
  if (former !== undefined) {
    for (const table of sourcedTables) {
      database.prepare(`DELETE FROM ${table} WHERE source = ?`).run(Number(former['id']))
    }
    database.prepare('DELETE FROM source WHERE id = ?').run(Number(former['id']))
  }
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO source (name, built_at, imported_at, records, license, address, etag) VALUES (?, '', ?, 0, ?, ?, ?)`,
    )
    .run(
      one.source,
      new Date().toISOString(),
      one.license ?? null,
      one.address ?? null,
      one.etag ?? null,
    )
  return Number(lastInsertRowid)
}

function finish(database: DatabaseSync): void {
  for (const sql of indexes) database.exec(sql)
  database.exec(
    'DELETE FROM place; INSERT INTO place SELECT DISTINCT ecosystem, release FROM affected',
  )
  database.exec(`UPDATE meta SET value = value + 1 WHERE key = 'revision'`)
  database.exec(`INSERT INTO meta (key, value) VALUES ('complete', '1')`)
  database.exec('COMMIT; ANALYZE; PRAGMA journal_mode = DELETE')
}

function isSqlite(error: unknown): error is Error {
  return error instanceof Error && 'errcode' in error
}

function cannotBuild(file: string, error: Error): AdvisoryDatabaseError {
  return new AdvisoryDatabaseError(
    `Advisories cannot be written beside ${file}: ${error.message}. Check the space in the folder; the database in force was not touched.`,
    { cause: error },
  )
}
