import type { DatabaseSync } from 'node:sqlite'
import { AdvisoryDatabaseError } from './errors.ts'

/** `BADV`: tells this file from every other SQLite file. */
export const applicationId = 0x42_41_44_56

/** Counts up when older files can no longer be read by this code, or newer ones not by older code. */
export const schemaVersion = 1

/**
 * - `meta`: `revision` counts builds; `complete` is there once a build has ended.
 * - `source`: one row for each import; its rows elsewhere go when it is imported again.
 * - `advisory`: `body` is the record as JSON without its affected packages.
 * - `affected`: `ranges` is JSON, see `range-text.ts`; `versions` a JSON array or null.
 * - `place`: which ecosystems and releases `affected` has anything of.
 * - `score`: of a vulnerability, whoever names it.
 */
export const tables: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, built_at TEXT NOT NULL, imported_at TEXT NOT NULL, records INTEGER NOT NULL, license TEXT, address TEXT, etag TEXT) STRICT`,
  `CREATE TABLE advisory (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL) STRICT`,
  `CREATE TABLE affected (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, advisory INTEGER NOT NULL, ecosystem TEXT NOT NULL, release TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, ranges TEXT NOT NULL, versions TEXT, severity TEXT, module TEXT) STRICT`,
  `CREATE TABLE place (ecosystem TEXT NOT NULL, release TEXT NOT NULL, PRIMARY KEY (ecosystem, release)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE score (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, vulnerability TEXT NOT NULL, body TEXT NOT NULL) STRICT`,
  `CREATE TABLE epss (vulnerability TEXT NOT NULL, source INTEGER NOT NULL, probability REAL NOT NULL, PRIMARY KEY (vulnerability, source)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE kev (vulnerability TEXT NOT NULL, source INTEGER NOT NULL, day TEXT NOT NULL, PRIMARY KEY (vulnerability, source)) STRICT, WITHOUT ROWID`,
]

/** Made after the rows, which is faster. */
export const indexes: readonly string[] = [
  `CREATE INDEX affected_by_package ON affected (name, ecosystem, release)`,
  `CREATE INDEX score_by_vulnerability ON score (vulnerability)`,
]

/** Tables whose rows belong to a source. */
export const sourcedTables = ['advisory', 'affected', 'score', 'epss', 'kev'] as const

/**
 * Throws `AdvisoryDatabaseError` unless the open database is a whole one of this version with exactly these tables:
 * a view or trigger that somebody added would run inside every look-up.
 */
export function checkSchema(database: DatabaseSync, file: string): void {
  if (number(database, 'PRAGMA application_id', 'application_id') !== applicationId) {
    throw new AdvisoryDatabaseError(
      `${file} is a SQLite file, but not an advisory database of Berth. Name another file or import advisories into a new one.`,
    )
  }
  const version = number(database, 'PRAGMA user_version', 'user_version')
  if (version > schemaVersion) {
    throw new AdvisoryDatabaseError(
      `${file} was made by a newer Berth (version ${version} of its schema; this one reads ${schemaVersion}). Update Berth, or move the file away and import advisories again.`,
    )
  }
  if (version < schemaVersion) {
    throw new AdvisoryDatabaseError(
      `${file} was made by an older Berth (version ${version} of its schema; this one reads ${schemaVersion}). Move the file away and import advisories again.`,
    )
  }
  checkComplete(database, file)
  const expected = [...tables, ...indexes].toSorted()
  const found = database
    .prepare(`SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`)
    .all()
    .map((row) => String(row['sql']))
    .toSorted()
  if (found.length !== expected.length || found.some((sql, index) => sql !== expected[index])) {
    throw new AdvisoryDatabaseError(
      `${file} does not hold the tables that Berth makes: something else has changed it. Move it away and import advisories again.`,
    )
  }
}

function checkComplete(database: DatabaseSync, file: string): void {
  const isThere =
    number(database, `SELECT count(*) AS n FROM sqlite_schema WHERE name = 'meta'`, 'n') === 1
  if (
    isThere &&
    number(database, `SELECT count(*) AS n FROM meta WHERE key = 'complete'`, 'n') === 1
  )
    return
  throw new AdvisoryDatabaseError(
    `${file} holds half an import: the one that made it did not end. Remove it and import advisories again.`,
  )
}

function number(database: DatabaseSync, sql: string, column: string): number {
  return Number(database.prepare(sql).get()?.[column])
}
