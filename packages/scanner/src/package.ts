export const packageKinds = [
  'deb',
  'apk',
  'rpm',
  'npm',
  'pypi',
  'golang',
  'cargo',
  'maven',
  'gem',
  'composer',
  'nuget',
] as const

/** What a package was made for, and so which advisories and which order of versions count for it. */
export type PackageKind = (typeof packageKinds)[number]

/** One installed package, as an image tells of it. */
export type CataloguedPackage = {
  readonly kind: PackageKind
  /**
   * As its ecosystem spells it: `group:artifact` for maven, the whole path for golang (`stdlib` for the standard
   * library), `@scope/name` for npm, `vendor/name` for composer, PEP 503 normalised for pypi.
   */
  readonly name: string
  /** Whole, with epoch and revision: `1:2.3-4+deb11u1` (deb), `1:2.3-4.el9` (rpm, epoch only when not 0), `v1.2.3` (golang). */
  readonly version: string
  /** https://github.com/package-url/purl-spec, made by `purl.ts`. */
  readonly purl: string
  /** What distributions name in their advisories; absent when it is the package itself. */
  readonly source?: { readonly name: string; readonly version: string }
  readonly architecture?: string
  /** As declared, not judged: SPDX expressions where the package gives one. */
  readonly licenses: readonly string[]
  /** Who packaged it (deb Maintainer, rpm Vendor). */
  readonly maintainer?: string
  /** A distribution's package that the distribution does not make: its advisories say nothing of it. */
  readonly isThirdParty?: true
  /** rpm MODULARITYLABEL, such as `nodejs:18:8080020230301:...`. */
  readonly modularity?: string
  /** Where the image says so: the file, without a leading slash. A path inside a jar follows after `!/`. */
  readonly path: string
  /** diffID of the last layer in which the package first appears: base image or ours. Absent for a directory or an SBOM. */
  readonly layer?: string
}

/** Something of which the scanner cannot say what is inside. It is never counted as clean. */
export type NotCovered = {
  /** A file, without a leading slash, or `layer sha256:…`. */
  readonly path: string
  /** For people, one sentence. */
  readonly reason: string
}

/** Which distribution, from os-release. */
export type Distribution = {
  /** `ID`: `debian`, `alpine`, `rhel`. */
  readonly id: string
  /** `VERSION_ID`: `12`, `3.19.1`; empty when rolling. */
  readonly version: string
  readonly codename?: string
  /** `PRETTY_NAME`. */
  readonly name: string
  readonly idLike: readonly string[]
  /**
   * What advisories call the release: Debian's major, Ubuntu's `22.04`, Alpine's `v3.19` (from the repositories file when
   * it says so, else os-release) or `edge`, the major for rpm distributions.
   */
  readonly release: string
  /** ISO day after which nobody mends it; absent when not known here. */
  readonly endOfLife?: string
}
