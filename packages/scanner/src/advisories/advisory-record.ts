import type { FixState, Score } from '../finding.ts'

/** An advisory as every importer writes it, whatever it was read from. */
export type AdvisoryRecord = {
  /** Its own: `DSA-5417-1`, `GHSA-…`, `GO-2024-2687`, `CVE-2023-1`. */
  readonly id: string
  /** What it warns of, one finding each: CVEs where there are any, else one id. Never empty. */
  readonly vulnerabilities: readonly string[]
  /** Other names of the same vulnerability. */
  readonly aliases: readonly string[]
  /** ISO moments. */
  readonly published?: string | undefined
  readonly modified?: string | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly references: readonly string[]
  readonly cwes: readonly string[]
  /** What this advisory itself says; scores that belong to the vulnerability go to `AdvisoryWriter.score`. */
  readonly scores: readonly Score[]
  readonly isMalware?: true | undefined
  readonly affected: readonly AffectedPackage[]
}

export type AffectedPackage = {
  /** From `ecosystems.ts`: `debian`, `alpine`, `rhel` for distributions; the kind for languages: `npm`, `golang`. */
  readonly ecosystem: string
  /** As `Distribution.release`; empty: every release, or there are none. */
  readonly release: string
  /** As `packageNameOf` of `ecosystems.ts` spells it. */
  readonly name: string
  /** Affected where one of them holds the version. */
  readonly ranges: readonly AffectedRange[]
  /** Affected as well: exactly these. */
  readonly versions: readonly string[]
  /** `notAffected`: the ranges say where it is not, whatever other advisories say of this package and vulnerability. */
  readonly state: FixState | 'notAffected'
  /** The publisher's word for this package: `low`, `important`, `unimportant`. */
  readonly severity?: string | undefined
  /** rpm: `nodejs:18`; only packages of this module are meant. */
  readonly module?: string | undefined
}

/** Versions in a row. Without `from` it begins before all, without `to` it does not end. */
export type AffectedRange = {
  readonly from?: string | undefined
  readonly isFromExcluded?: boolean | undefined
  readonly to?: string | undefined
  /** The last one affected, instead of the first that is not. */
  readonly isToIncluded?: boolean | undefined
  /** The version that mends it, where one is known. */
  readonly fixed?: string | undefined
  /** ISO moment at which `fixed` could be had. */
  readonly fixAvailableAt?: string | undefined
}

/** Where an importer writes to. All calls are synchronous; nothing is kept in memory. */
export interface AdvisoryWriter {
  /** Throws `AdvisoryImportError` beyond the limit of records, the abort's reason once aborted. */
  advisory(record: AdvisoryRecord): void
  /** A score of the vulnerability, whatever the package: from `nvd`, `ghsa`, a CNA. */
  score(vulnerability: string, score: Score): void
  /** Probability of exploitation within 30 days, 0 to 1. */
  epss(vulnerability: string, probability: number): void
  /** ISO day on which the KEV list named it. */
  knownExploited(vulnerability: string, day: string): void
}

/** Data of one source, ready to be read. */
export interface AdvisoryImport {
  /** Whose records they are: `osv/Debian`, `grype-db`, `epss`, `kev`. All that this source brought before is replaced. */
  readonly source: string
  readonly license?: string | undefined
  /** Where it was fetched and what the server called this state of it, so that it need not be fetched again. */
  readonly address?: string | undefined
  readonly etag?: string | undefined
  /** Streams the data into `writer`. Throws `AdvisoryImportError`; then nothing of the whole build is kept. */
  read(writer: AdvisoryWriter, signal: AbortSignal | undefined): Promise<ImportOutcome>
}

export type ImportOutcome = {
  /** ISO moment of the newest data in it. */
  readonly builtAt: string
  /** What was not taken over and why, for people, each with the number: `withdrawn: 17`. */
  readonly leftOut: Readonly<Record<string, number>>
}
