import type { NotCovered } from '../package.ts'

/** One entry of an SBOM, of whichever format, before it is known to be a package. */
export type SbomEntry = {
  readonly name: string
  readonly version: string
  /** The first package URL of a catalogued type, else the first one. */
  readonly purl?: string
  readonly licenses: readonly string[]
  /** Where the SBOM's maker found it, without a leading slash. */
  readonly path?: string
  readonly layer?: string
  /** Where the package URL does not say it. */
  readonly source?: { readonly name: string; readonly version: string }
  readonly maintainer?: string
  readonly modularity?: string
}

/** What a reader of one format hands on. */
export type SbomEntries = {
  readonly entries: readonly SbomEntry[]
  readonly distribution?: SbomDistribution
  /** What the SBOM itself says that it leaves out. */
  readonly notCovered: readonly NotCovered[]
}

/** A distribution as an SBOM gives it: what is missing is worked out of the rest. */
export type SbomDistribution = {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly codename?: string
  readonly idLike?: readonly string[]
}
