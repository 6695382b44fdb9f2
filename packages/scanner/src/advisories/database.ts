import type { DatabaseSync } from 'node:sqlite'
import type { AdvisoryData, Finding } from '../finding.ts'
import type { CataloguedPackage, Distribution } from '../package.ts'
import { schemeOf } from '../versions/compare.ts'
import { readData } from './data.ts'
import { packageNameOf, placeOfPackage, type Place } from './ecosystems.ts'
import { findingsOf } from './findings.ts'
import { judgeRow, type Hit } from './judge-row.ts'
import { databaseFault, openChecked } from './open-file.ts'
import { Rows } from './rows.ts'

/** What is asked about: a package, and which distribution it was found in. */
export type MatchTarget = {
  readonly package: Pick<
    CataloguedPackage,
    'kind' | 'name' | 'version' | 'source' | 'isThirdParty' | 'modularity'
  >
  readonly distribution?: Pick<Distribution, 'id' | 'release' | 'idLike'> | undefined
}

/** Open advisories. Every method throws `AdvisoryDatabaseError` when the file turns out to be broken. */
export interface AdvisoryDatabase {
  data(): AdvisoryData
  /**
   * What is wrong with one package, one finding for each vulnerability, in no order. The result is shared between calls:
   * do not change it. A distribution's package that the distribution did not make has none.
   */
  match(target: MatchTarget): readonly Finding[]
  /**
   * Whether there is any advisory for packages of this kind in this distribution and release. Where there is none, no
   * finding says nothing.
   */
  covers(target: MatchTarget): boolean
  close(): void
}

export type AdvisoryOptions = {
  /** Also report what the distribution calls unimportant; left out by default. */
  readonly withUnimportant?: boolean
}

/** Distinct packages whose findings are kept, so that images that share packages cost one look-up. */
const keptMatches = 100_000

/**
 * Opens the advisories at `file` for reading. An import replaces the file; whoever has it open reads the old one until
 * it opens it again. Throws `AdvisoryDatabaseError` for a file that is missing, broken, foreign, of another version or
 * half made.
 */
export function openAdvisories(file: string, options: AdvisoryOptions = {}): AdvisoryDatabase {
  const database = openChecked(file)
  try {
    return new SqliteAdvisories(database, file, options)
  } catch (error) {
    database.close()
    throw databaseFault(error, file)
  }
}

class SqliteAdvisories implements AdvisoryDatabase {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #rows: Rows
  readonly #withUnimportant: boolean
  readonly #matches = new Map<string, readonly Finding[]>()

  constructor(database: DatabaseSync, file: string, options: AdvisoryOptions) {
    this.#database = database
    this.#file = file
    this.#rows = new Rows(database)
    this.#withUnimportant = options.withUnimportant === true
  }

  data(): AdvisoryData {
    return this.#guarded(() => readData(this.#database))
  }

  match(target: MatchTarget): readonly Finding[] {
    const { package: subject, distribution } = target
    if (subject.isThirdParty === true) return []
    const place = placeOfPackage(subject, distribution)
    if (place === undefined) return []
    const key = keyOf(subject, place)
    const known = this.#matches.get(key)
    if (known !== undefined) return known
    const findings = this.#guarded(() => this.#find(subject, place))
    if (this.#matches.size >= keptMatches) this.#forgetOldest()
    this.#matches.set(key, findings)
    return findings
  }

  covers(target: MatchTarget): boolean {
    const place = placeOfPackage(target.package, target.distribution)
    return place !== undefined && this.#guarded(() => this.#rows.hasPlace(place))
  }

  close(): void {
    this.#database.close()
  }

  #find(subject: MatchTarget['package'], place: Place): readonly Finding[] {
    const scheme = schemeOf(subject.kind)
    const hits: Hit[] = []
    for (const { name, version } of namesOf(subject)) {
      for (const row of this.#rows.affected(place, packageNameOf(place.ecosystem, name))) {
        if (row.severity === 'unimportant' && !this.#withUnimportant) continue
        const hit = judgeRow(row, { scheme, version, modularity: subject.modularity })
        if (hit !== undefined) hits.push(hit)
      }
    }
    return hits.length === 0 ? [] : findingsOf(hits, place, scheme, this.#rows)
  }

  #forgetOldest(): void {
    for (const key of this.#matches.keys()) {
      this.#matches.delete(key)
      return
    }
  }

  #guarded<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw databaseFault(error, this.#file)
    }
  }
}

/** Joined by what no name holds: this is done for every package of every image. */
function keyOf(subject: MatchTarget['package'], place: Place): string {
  const { name, version, source, modularity } = subject
  const { ecosystem, release } = place
  const own = `${ecosystem}\0${release}\0${name}\0${version}\0${modularity ?? '\0'}`
  return source === undefined ? own : `${own}\0${source.name}\0${source.version}`
}

/**
 * Distributions write advisories for the source, of which the package is a part with a version of its own; Red Hat and
 * those like it for the packages themselves.
 */
function namesOf(subject: MatchTarget['package']): { name: string; version: string }[] {
  const { kind, name, version, source } = subject
  if (source === undefined || !isOfDistribution(kind)) return [{ name, version }]
  if (kind !== 'rpm' || source.name === name) return [source]
  return [source, { name, version }]
}

function isOfDistribution(kind: CataloguedPackage['kind']): boolean {
  return kind === 'deb' || kind === 'apk' || kind === 'rpm'
}
