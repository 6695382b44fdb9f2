import type { DatabaseSync } from 'node:sqlite'
import type { Score } from '../finding.ts'
import type { AdvisoryRecord, AdvisoryWriter, AffectedPackage } from './advisory-record.ts'
import { AdvisoryImportError } from './errors.ts'
import { writeRanges } from './range-text.ts'

/** More than ten times all that OSV publishes; a source beyond it is broken or hostile. */
const maxRecords = 10_000_000

/** Writes the rows of one source into a database that is being built. */
export class SourceWriter implements AdvisoryWriter {
  /** Advisories, scores, EPSS and KEV rows written. */
  records = 0
  readonly #source: number
  readonly #name: string
  readonly #signal: AbortSignal | undefined
  readonly #onRecords: (records: number) => void
  readonly #insert: ReturnType<typeof statements>

  constructor(
    database: DatabaseSync,
    source: { id: number; name: string },
    options: { signal?: AbortSignal | undefined; onRecords: (records: number) => void },
  ) {
    this.#source = source.id
    this.#name = source.name
    this.#signal = options.signal
    this.#onRecords = options.onRecords
    this.#insert = statements(database)
  }

  advisory(record: AdvisoryRecord): void {
    this.#count()
    const { affected, ...body } = record
    const { lastInsertRowid } = this.#insert.advisory.run(
      this.#source,
      record.id,
      JSON.stringify(body),
    )
    for (const one of affected) this.#affected(Number(lastInsertRowid), one)
  }

  score(vulnerability: string, score: Score): void {
    this.#count()
    this.#insert.score.run(this.#source, vulnerability, JSON.stringify(score))
  }

  epss(vulnerability: string, probability: number): void {
    this.#count()
    this.#insert.epss.run(vulnerability, this.#source, probability)
  }

  knownExploited(vulnerability: string, day: string): void {
    this.#count()
    this.#insert.kev.run(vulnerability, this.#source, day)
  }

  #affected(advisory: number, one: AffectedPackage): void {
    this.#insert.affected.run(
      this.#source,
      advisory,
      one.ecosystem,
      one.release,
      one.name,
      one.state,
      writeRanges(one.ranges),
      one.versions.length === 0 ? null : JSON.stringify(one.versions),
      one.severity ?? null,
      one.module ?? null,
    )
  }

  #count(): void {
    this.#signal?.throwIfAborted()
    this.records += 1
    if (this.records > maxRecords) {
      throw new AdvisoryImportError(
        `${this.#name} holds more than ${maxRecords} records, the most that one source may bring. Check that it is the right data.`,
      )
    }
    if (this.records % 1000 === 0) this.#onRecords(this.records)
  }
}

function statements(database: DatabaseSync) {
  return {
    advisory: database.prepare('INSERT INTO advisory (source, name, body) VALUES (?, ?, ?)'),
    affected: database.prepare(
      'INSERT INTO affected (source, advisory, ecosystem, release, name, state, ranges, versions, severity, module) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    score: database.prepare('INSERT INTO score (source, vulnerability, body) VALUES (?, ?, ?)'),
    epss: database.prepare(
      'INSERT OR REPLACE INTO epss (vulnerability, source, probability) VALUES (?, ?, ?)',
    ),
    kev: database.prepare(
      'INSERT OR REPLACE INTO kev (vulnerability, source, day) VALUES (?, ?, ?)',
    ),
  }
}
