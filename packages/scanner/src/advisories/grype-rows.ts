import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AdvisoryImportError } from './errors.ts'
import type { GrypeSystem } from './grype-place.ts'

/** The layout of Grype's database that Berth knows; revisions and additions within it are compatible. */
const model = 6
/** Of one blob; real ones are a few kilobytes. */
const maximumBlob = 16 * 1024 ** 2

/** One affected or unaffected package, with the rows that it names. */
type GrypePackage = {
  readonly vulnerability: number
  readonly type: string
  readonly name: string
  readonly system: GrypeSystem | undefined
  readonly blob: unknown
}

export type GrypeVulnerability = {
  readonly name: string
  readonly status: string
  readonly provider: string
  readonly published: string
  readonly modified: string
  readonly withdrawn: string
  readonly blob: unknown
}

/** Reads a file of Grype's database, version 6, https://github.com/anchore/grype/tree/main/grype/db/v6. */
export class GrypeRows {
  readonly builtAt: string
  readonly #database: DatabaseSync
  readonly #blob: StatementSync

  /** Throws `AdvisoryImportError` for another model or another kind of file. */
  constructor(file: string, shown: string) {
    this.#database = new DatabaseSync(file, { readOnly: true })
    this.#database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    this.builtAt = this.#checkModel(shown)
    this.#blob = this.#database.prepare(
      `SELECT value FROM blobs WHERE id = ? AND length(value) <= ${maximumBlob}`,
    )
  }

  vulnerabilities(): IterableIterator<GrypeVulnerability & { id: number }> {
    return this.#each('SELECT * FROM vulnerability_handles ORDER BY id', (row) => ({
      id: Number(row['id']),
      name: text(row['name']),
      status: text(row['status']),
      provider: text(row['provider_id']),
      published: text(row['published_date']),
      modified: text(row['modified_date']),
      withdrawn: text(row['withdrawn_date']),
      blob: this.blob(row['blob_id']),
    }))
  }

  /** In the order of their vulnerabilities' ids; nothing where the table is missing. */
  packages(
    table: 'affected_package_handles' | 'unaffected_package_handles',
  ): IterableIterator<GrypePackage> {
    if (!this.#hasTable(table)) return [].values()
    const channel = this.#hasColumn('operating_systems', 'channel') ? 's.channel' : `''`
    // Only numbers are sorted: the file has no index by vulnerability.
    return this.#each(
      `SELECT h.vulnerability_id, h.blob_id, p.ecosystem, p.name, s.id AS system, s.name AS system_name, s.major_version, s.minor_version, s.label_version, ${channel} AS channel
       FROM (SELECT id, vulnerability_id FROM ${table} ORDER BY vulnerability_id) AS o
       CROSS JOIN ${table} AS h ON h.id = o.id
       CROSS JOIN packages AS p ON p.id = h.package_id
       LEFT JOIN operating_systems AS s ON s.id = h.operating_system_id
       ORDER BY o.vulnerability_id`,
      (row) => ({
        vulnerability: Number(row['vulnerability_id']),
        type: text(row['ecosystem']),
        name: text(row['name']),
        system: row['system'] === null ? undefined : systemOf(row),
        blob: this.blob(row['blob_id']),
      }),
    )
  }

  /** Rows of the smaller tables; nothing where the table is missing. */
  rows(
    table: 'epss_handles' | 'known_exploited_vulnerability_handles' | 'cwe_handles',
  ): IterableIterator<Record<string, unknown>> {
    if (!this.#hasTable(table)) return [].values()
    return this.#each(`SELECT * FROM ${table}`, (row) => row)
  }

  /** `undefined` where it is missing, too long or no JSON. */
  blob(id: unknown): unknown {
    if (typeof id !== 'number') return undefined
    try {
      return JSON.parse(text(this.#blob.get(id)?.['value']))
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#database.close()
  }

  *#each<Row>(sql: string, read: (row: Record<string, unknown>) => Row): IterableIterator<Row> {
    for (const row of this.#database.prepare(sql).iterate()) yield read(row)
  }

  #checkModel(shown: string): string {
    if (this.#hasTable('id') && !this.#hasTable('db_metadata')) {
      const row = this.#database.prepare('SELECT * FROM id').get()
      throw otherModel(shown, text(row?.['schema_version']))
    }
    const needed = [
      'db_metadata',
      'blobs',
      'packages',
      'operating_systems',
      'vulnerability_handles',
    ]
    const missing = needed.find((table) => !this.#hasTable(table))
    if (missing !== undefined) {
      throw new AdvisoryImportError(
        `${shown} is no database of Grype: it has no table ${missing}. Use the archive that its latest.json names.`,
      )
    }
    const row = this.#database.prepare('SELECT * FROM db_metadata').get()
    if (row?.['model'] !== model) throw otherModel(shown, text(row?.['model']))
    return text(row['build_timestamp'])
  }

  #hasTable(name: string): boolean {
    return (
      this.#database
        .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`)
        .get(name) !== undefined
    )
  }

  #hasColumn(table: string, name: string): boolean {
    return (
      this.#database
        .prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?')
        .get(table, name) !== undefined
    )
  }
}

function systemOf(row: Record<string, unknown>): GrypeSystem {
  return {
    name: text(row['system_name']),
    major: text(row['major_version']),
    minor: text(row['minor_version']),
    label: text(row['label_version']),
    channel: text(row['channel']),
  }
}

function otherModel(shown: string, found: string): AdvisoryImportError {
  return new AdvisoryImportError(
    `${shown} is a database of Grype of model ${found === '' ? 'unknown' : found}; Berth reads model ${model}. Fetch one that latest.json of version ${model} names.`,
  )
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
