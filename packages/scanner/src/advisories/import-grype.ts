import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type {
  AdvisoryImport,
  AdvisoryRecord,
  AdvisoryWriter,
  AffectedPackage,
  AffectedRange,
  ImportOutcome,
} from './advisory-record.ts'
import { hasModules, packageNameOf } from './ecosystems.ts'
import { AdvisoryImportError } from './errors.ts'
import { exploitedBlob, packageBlob, scoresOfGrype, vulnerabilityBlob } from './grype-blobs.ts'
import { rangesOfConstraint } from './grype-constraint.ts'
import { withGrypeFile } from './grype-file.ts'
import { placeOfGrype } from './grype-place.ts'
import { GrypeRows, type GrypeVulnerability } from './grype-rows.ts'
import { momentOf } from './moment.ts'

type GrypeImportOptions = {
  /** The archive that Grype's latest.json names (`.tar.zst`), or the `vulnerability.db` in it. */
  readonly path: string
  readonly address?: string | undefined
  readonly etag?: string | undefined
  /** Of the database without compression; by default 16 GiB, ten times what is published. */
  readonly maxBytes?: number | undefined
}

type Affected = { readonly cves: readonly string[]; readonly affected: AffectedPackage }

/**
 * Grype's vulnerability database, version 6, with its scores, EPSS and KEV. Left out and counted: ecosystems that Berth
 * does not match, what is known by CPE only, withdrawn records, what cannot be read. Throws `AdvisoryImportError` for
 * another version, a broken file or another kind of file.
 */
export function importGrype(options: GrypeImportOptions): AdvisoryImport {
  return {
    source: 'grype-db',
    address: options.address,
    etag: options.etag,
    read: (writer, signal) =>
      withGrypeFile(
        options.path,
        { maxBytes: options.maxBytes ?? 16 * 1024 ** 3, signal },
        (file) => readFile(file, options.path, writer, signal),
      ),
  }
}

async function readFile(
  file: string,
  shown: string,
  writer: AdvisoryWriter,
  signal: AbortSignal | undefined,
): Promise<ImportOutcome> {
  try {
    const rows = new GrypeRows(file, shown)
    try {
      const reader = new GrypeReader(rows, writer)
      await reader.vulnerabilities(signal)
      reader.exploitation()
      const builtAt = momentOf(rows.builtAt) ?? (await stat(file)).mtime.toISOString()
      return { builtAt, leftOut: reader.leftOut }
    } finally {
      rows.close()
    }
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error
    throw new AdvisoryImportError(
      `${shown} cannot be read as Grype's database: ${error.message}. Fetch it again.`,
      { cause: error },
    )
  }
}

class GrypeReader {
  readonly leftOut: Record<string, number> = {}
  readonly #rows: GrypeRows
  readonly #writer: AdvisoryWriter
  readonly #cwes = new Map<string, string[]>()

  constructor(rows: GrypeRows, writer: AdvisoryWriter) {
    this.#rows = rows
    this.#writer = writer
    for (const row of rows.rows('cwe_handles')) {
      const { cve, cwe } = row
      if (typeof cve !== 'string' || typeof cwe !== 'string') continue
      const known = this.#cwes.get(cve)
      if (known === undefined) this.#cwes.set(cve, [cwe])
      else if (!known.includes(cwe)) known.push(cwe)
    }
  }

  /** Three rows of rows in the same order, each read once. */
  async vulnerabilities(signal: AbortSignal | undefined): Promise<void> {
    const affected = new Following(this.#rows.packages('affected_package_handles'))
    const unaffected = new Following(this.#rows.packages('unaffected_package_handles'))
    let count = 0
    for (const vulnerability of this.#rows.vulnerabilities()) {
      this.#write(vulnerability, [
        ...this.#packages(affected.of(vulnerability.id), false),
        ...this.#packages(unaffected.of(vulnerability.id), true),
      ])
      count += 1
      // Nothing here waits for anything: others must get their turn, the abort among them.
      if (count % 256 === 0) await setImmediate()
      signal?.throwIfAborted()
    }
  }

  exploitation(): void {
    for (const { cve, epss } of this.#rows.rows('epss_handles')) {
      if (typeof cve !== 'string' || typeof epss !== 'number' || epss < 0 || epss > 1) {
        this.#leave('unreadable EPSS')
      } else this.#writer.epss(cve, epss)
    }
    for (const row of this.#rows.rows('known_exploited_vulnerability_handles')) {
      const blob = exploitedBlob.safeParse(this.#rows.blob(row['blob_id']))
      const day = blob.success ? momentOf(blob.data.date_added)?.slice(0, 10) : undefined
      if (day === undefined || typeof row['cve'] !== 'string') this.#leave('unreadable KEV')
      else this.#writer.knownExploited(row['cve'], day)
    }
  }

  #write(one: GrypeVulnerability, found: readonly Affected[]): void {
    const blob = vulnerabilityBlob.safeParse(one.blob)
    if (!blob.success || one.name === '') return this.#leave('unreadable')
    if (one.withdrawn !== '' || one.status === 'withdrawn' || one.status === 'rejected') {
      return this.#leave('withdrawn')
    }
    const { description, refs, aliases, severities } = blob.data
    const scores = scoresOfGrype(severities, one.provider)
    if (found.length === 0) {
      // NVD knows packages by CPE only, but its scores are of use for what others know.
      for (const score of scores) this.#writer.score(one.name, score)
      return this.#leave('without packages that are matched')
    }
    const cves = [...new Set(found.flatMap((each) => each.cves))]
    const named = [one.name, ...cves, ...(aliases ?? [])].filter((id) => id.startsWith('CVE-'))
    const vulnerabilities = named.length === 0 ? [one.name] : [...new Set(named)]
    const record: AdvisoryRecord = {
      id: one.name,
      vulnerabilities,
      aliases: [...new Set([one.name, ...(aliases ?? [])])].filter(
        (id) => !vulnerabilities.includes(id),
      ),
      published: momentOf(one.published),
      modified: momentOf(one.modified),
      description: description ?? undefined,
      references: (refs ?? []).map(({ url }) => url).slice(0, 100),
      cwes: [...new Set(vulnerabilities.flatMap((id) => this.#cwes.get(id) ?? []))],
      scores,
      affected: found.map(({ affected }) => affected),
    }
    this.#writer.advisory(record)
  }

  *#packages(
    packages: Iterable<ReturnType<GrypeRows['packages']> extends Iterable<infer Row> ? Row : never>,
    isUnaffected: boolean,
  ): Iterable<Affected> {
    for (const { type, name, system, blob } of packages) {
      const place = placeOfGrype(type, system)
      if (place === undefined) {
        this.#leave('packages of ecosystems not matched')
        continue
      }
      const parsed = packageBlob.safeParse(blob)
      const ranges = parsed.success ? rangesOf(parsed.data.ranges ?? []) : undefined
      if (!parsed.success || ranges === undefined || name === '') {
        this.#leave('packages unreadable')
        continue
      }
      const { cves, qualifiers } = parsed.data
      const module = qualifiers?.rpm_modularity
      yield {
        cves: cves ?? [],
        affected: {
          ...place,
          name: packageNameOf(place.ecosystem, name),
          ranges,
          versions: [],
          state: isUnaffected ? 'notAffected' : stateOf(parsed.data.ranges ?? []),
          ...(hasModules(place.ecosystem) && { module: module ?? '' }),
        },
      }
    }
  }

  #leave(reason: string): void {
    this.leftOut[reason] = (this.leftOut[reason] ?? 0) + 1
  }
}

/** Items that come in the order of `vulnerability`, given out group by group. */
class Following<Item extends { readonly vulnerability: number }> {
  readonly #items: Iterator<Item>
  #next: IteratorResult<Item>

  constructor(items: Iterator<Item>) {
    this.#items = items
    this.#next = items.next()
  }

  *of(vulnerability: number): Iterable<Item> {
    while (this.#next.done !== true && this.#next.value.vulnerability <= vulnerability) {
      if (this.#next.value.vulnerability === vulnerability) yield this.#next.value
      this.#next = this.#items.next()
    }
  }
}

type Ranges = NonNullable<NonNullable<(typeof packageBlob)['_output']>['ranges']>

function rangesOf(ranges: Ranges): AffectedRange[] | undefined {
  const all: AffectedRange[] = []
  for (const { version, fix } of ranges) {
    const read = rangesOfConstraint(version.constraint ?? '')
    if (read === undefined) return undefined
    const fixed = fix?.state === 'fixed' && fix.version ? fix.version : undefined
    const day = momentOf(fix?.detail?.available?.date ?? fix?.detail?.timestamp)
    all.push(...read.map((range) => ({ ...range, fixed, fixAvailableAt: fixed && day })))
  }
  return all
}

function stateOf(ranges: Ranges): AffectedPackage['state'] {
  const states = new Set(ranges.map(({ fix }) => fix?.state))
  if (states.has('fixed')) return 'fixed'
  if (states.has('wont-fix')) return 'wontFix'
  return states.has('not-fixed') ? 'notFixed' : 'unknown'
}
