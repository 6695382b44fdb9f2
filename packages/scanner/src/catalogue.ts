import type { CataloguedPackage, Distribution, NotCovered } from './package.ts'

/** Counts up when a catalogue made before would be missing something: then layers are read again. */
export const catalogueVersion = 1

/** What is inside an image, a directory or an SBOM. Plain data: it is stored as JSON. */
export type Catalogue = {
  readonly version: number
  readonly distribution?: Distribution
  /** Sorted by kind, name, version, path; one entry per package and place. */
  readonly packages: readonly CataloguedPackage[]
  readonly notCovered: readonly NotCovered[]
}

/** What one layer alone adds and hides; kept by the layer's digest, since a digest is the only name that cannot lie. */
export type LayerCatalogue = {
  readonly version: number
  /**
   * sha256 of the layer without compression, as read, whatever the image's configuration claims. Empty when it could not
   * be read to its end: then `notCovered` says why.
   */
  readonly diffId: string
  /** Bytes without compression. */
  readonly size: number
  /** Files that tell of packages, by path; lower layers' facts at these paths are replaced. */
  readonly files: readonly LayerFile[]
  /** Every path that this layer takes away from lower ones, and every regular path of a kind that a lower layer may tell of. */
  readonly whiteouts: readonly string[]
  readonly opaqueDirectories: readonly string[]
  /** Symbolic links at the root and where they lead, such as `lib` to `usr/lib`: files of one place found in the other. */
  readonly links: Readonly<Record<string, string>>
  readonly notCovered: readonly NotCovered[]
}

/** The facts of one file. */
export type LayerFile = {
  readonly path: string
  /** Which detector read it. */
  readonly detector: string
  readonly packages: readonly Omit<CataloguedPackage, 'layer'>[]
  /** From os-release and its like. */
  readonly distribution?: Partial<Distribution>
  /** Files that the packages of this file own (dpkg md5sums, apk, rpm), for leaving out language packages of the distribution. */
  readonly owned?: readonly string[]
  /** From dpkg's copyright files. */
  readonly licenses?: { readonly package: string; readonly licenses: readonly string[] }
}
