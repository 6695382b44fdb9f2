import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Score } from '../finding.ts'
import type { AdvisoryRecord, AffectedPackage } from './advisory-record.ts'
import type { Place } from './ecosystems.ts'

/** A row of `affected`, its ranges still as text: most rows are looked at once and dropped. */
export type AffectedRow = {
  readonly advisory: number
  readonly state: AffectedPackage['state']
  readonly ranges: string
  readonly versions: string | null
  readonly severity: string | null
  readonly module: string | null
}

/** A row of `advisory`, with the name of the import that brought it. */
export type StoredAdvisory = Omit<AdvisoryRecord, 'affected'> & { readonly source: string }

/** What is joined to a vulnerability, whichever advisory names it. */
type VulnerabilityFacts = {
  readonly scores: readonly Score[]
  readonly epss?: number
  readonly knownExploited?: string
}

/** Kept in memory, since one concerns several packages and releases. */
const keptAdvisories = 10_000
const keptVulnerabilities = 50_000

/** The prepared look-ups of an open advisory database. */
export class Rows {
  readonly #affected: StatementSync
  readonly #place: StatementSync
  readonly #advisory: StatementSync
  readonly #scores: StatementSync
  readonly #epss: StatementSync
  readonly #kev: StatementSync
  readonly #advisories = new Map<number, StoredAdvisory>()
  readonly #vulnerabilities = new Map<string, VulnerabilityFacts>()

  constructor(database: DatabaseSync) {
    this.#affected = database.prepare(
      `SELECT advisory, state, ranges, versions, severity, module FROM affected WHERE name = ? AND ecosystem = ? AND release IN (?, '')`,
    )
    this.#place = database.prepare(
      `SELECT 1 FROM place WHERE ecosystem = ? AND release IN (?, '') LIMIT 1`,
    )
    this.#advisory = database.prepare(
      'SELECT advisory.body, source.name FROM advisory JOIN source ON source.id = advisory.source WHERE advisory.id = ?',
    )
    this.#scores = database.prepare('SELECT body FROM score WHERE vulnerability = ? ORDER BY id')
    // Two sources may bring them: the newer counts.
    this.#epss = database.prepare(
      'SELECT epss.probability FROM epss JOIN source ON source.id = epss.source WHERE vulnerability = ? ORDER BY source.built_at DESC LIMIT 1',
    )
    this.#kev = database.prepare('SELECT min(day) AS day FROM kev WHERE vulnerability = ?')
  }

  affected(place: Place, name: string): AffectedRow[] {
    return this.#affected.all(name, place.ecosystem, place.release) as unknown as AffectedRow[]
  }

  hasPlace(place: Place): boolean {
    return this.#place.get(place.ecosystem, place.release) !== undefined
  }

  advisory(id: number): StoredAdvisory {
    const known = this.#advisories.get(id)
    if (known !== undefined) return known
    const row = this.#advisory.get(id)
    const body = JSON.parse(String(row?.['body'])) as Omit<AdvisoryRecord, 'affected'>
    const advisory = { ...body, source: String(row?.['name']) }
    if (this.#advisories.size >= keptAdvisories) this.#advisories.clear()
    this.#advisories.set(id, advisory)
    return advisory
  }

  vulnerability(name: string): VulnerabilityFacts {
    const known = this.#vulnerabilities.get(name)
    if (known !== undefined) return known
    const facts = this.#readVulnerability(name)
    if (this.#vulnerabilities.size >= keptVulnerabilities) this.#vulnerabilities.clear()
    this.#vulnerabilities.set(name, facts)
    return facts
  }

  #readVulnerability(name: string): VulnerabilityFacts {
    const epss = this.#epss.get(name)?.['probability']
    const day = this.#kev.get(name)?.['day']
    return {
      scores: this.#scores.all(name).map((row) => JSON.parse(String(row['body'])) as Score),
      ...(typeof epss === 'number' && { epss }),
      ...(typeof day === 'string' && { knownExploited: day }),
    }
  }
}
