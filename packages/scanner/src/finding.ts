import type { Catalogue } from './catalogue.ts'
import type { CataloguedPackage } from './package.ts'

/** The worst first. */
export const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const

export type Severity = (typeof severities)[number]

/** One score of one source. */
export type Score = {
  /** Who says so: `debian`, `ghsa`, `nvd`, `redhat`. */
  readonly source: string
  /** `2.0`, `3.0`, `3.1`, `4.0`; absent when the source gives only a word. */
  readonly version?: string
  readonly vector?: string
  /** 0 to 10. With `isEstimated` it is the floor of the word's band. */
  readonly score: number
  readonly isEstimated?: true
}

/** Where a vulnerability of a package stands according to its advisory. */
export type FixState = 'fixed' | 'notFixed' | 'wontFix' | 'unknown'

/**
 * A vulnerability of a package, traced to the advisory that says so. One for each package and vulnerability, whatever
 * the number of advisories.
 */
export type Finding = {
  /** The CVE where there is one, else the advisory's own id. */
  readonly vulnerability: string
  /** Ids of the advisories that say so, best first, each with where it came from. */
  readonly advisories: readonly { readonly id: string; readonly source: string }[]
  readonly aliases: readonly string[]
  readonly severity: Severity
  /** The score that counts: the vendor's before GHSA's before NVD's; 0 when unknown. */
  readonly score: number
  /** All of them, the one that counts first. */
  readonly scores: readonly Score[]
  readonly fixState: FixState
  /** The lowest version that is not affected, when one is known. */
  readonly fixedVersion?: string
  /** ISO moments. */
  readonly published?: string
  readonly modified?: string
  readonly fixAvailableAt?: string
  readonly title?: string
  readonly description?: string
  /** At most ten addresses. */
  readonly references: readonly string[]
  readonly cwes: readonly string[]
  /** ISO day on which the KEV list named it; absent when it does not. */
  readonly knownExploited?: string
  /** Probability of exploitation within 30 days, 0 to 1. */
  readonly epss?: number
  /** The version could not be compared: the package may be affected or not. */
  readonly isUndetermined?: true
  /** Malware, not a mistake (`MAL-…`). */
  readonly isMalware?: true
}

/** A finding in an image: with the package that has it. */
export type PackageFinding = Finding & { readonly package: CataloguedPackage }

/** What the advisories were when something was matched. */
export type AdvisoryData = {
  /** Counts up with every import; 0: there is none. */
  readonly revision: number
  /** ISO moment of the newest data in it; `null` when there is none. */
  readonly builtAt: string | null
  readonly sources: readonly {
    readonly name: string
    readonly builtAt: string
    readonly records: number
    readonly license?: string
  }[]
}

/** Everything that a report is written from. */
export type ScanReport = {
  readonly artifact: {
    /** As the person named it: `berth.example/app:1`, a folder. */
    readonly name: string
    /** The manifest's digest; absent for folders. */
    readonly digest?: string
    readonly mediaType?: string
    readonly platform?: string
    readonly size?: number
    /** sha256 of the configuration, and the layers' diffIDs, for images. */
    readonly imageId?: string
    readonly diffIds?: readonly string[]
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly scanner: { readonly name: string; readonly version: string }
  readonly scannedAt: string
  readonly data: AdvisoryData
  readonly catalogue: Catalogue
  readonly findings: readonly PackageFinding[]
  /** Judged away by somebody; they stay visible. */
  readonly suppressed: readonly (PackageFinding & { readonly vex: VexJudgement })[]
}

/** What an authorised person or a verified document says of a vulnerability in a product. */
export type VexJudgement = {
  readonly status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation'
  readonly justification?: string
  readonly statement?: string
  readonly author: string
  /** ISO moment. */
  readonly at: string
  /** `openvex`, `cyclonedx`, `berth`. */
  readonly source: string
}
