import type { PackageKind } from '../package.ts'
import { apk } from './apk.ts'
import { cargo } from './cargo.ts'
import { composer } from './composer.ts'
import { deb } from './deb.ts'
import { gem } from './gem.ts'
import { go } from './go.ts'
import { maven } from './maven.ts'
import { npm } from './npm.ts'
import { nuget } from './nuget.ts'
import { pep440 } from './pep440.ts'
import { rpm } from './rpm.ts'
import type { Scheme } from './scheme.ts'

/** A way to write and to order versions. */
export type VersionScheme =
  | 'deb'
  | 'rpm'
  | 'apk'
  | 'maven'
  | 'pep440'
  | 'npm'
  | 'go'
  | 'gem'
  | 'nuget'
  | 'composer'
  | 'cargo'

const schemes: Readonly<Record<VersionScheme, Scheme<unknown>>> = {
  deb,
  rpm,
  apk,
  maven,
  pep440,
  npm,
  go,
  gem,
  nuget,
  composer,
  cargo,
}

const schemeOfKind: Readonly<Record<PackageKind, VersionScheme>> = {
  deb: 'deb',
  apk: 'apk',
  rpm: 'rpm',
  npm: 'npm',
  pypi: 'pep440',
  golang: 'go',
  cargo: 'cargo',
  maven: 'maven',
  gem: 'gem',
  composer: 'composer',
  nuget: 'nuget',
}

/** What is longer is no version; it keeps the time of a comparison small whatever a stranger writes. */
const maximumLength = 1024

/** A text that is no version of its scheme: whether a package is affected cannot be told from it. */
export class InvalidVersion extends Error {
  override name = 'InvalidVersion'
  readonly scheme: VersionScheme
  readonly version: string

  constructor(scheme: VersionScheme, version: string) {
    super(`not a version of the scheme ${scheme}: ${JSON.stringify(version.slice(0, 100))}`)
    this.scheme = scheme
    this.version = version
  }
}

/** The order in which packages of this kind are versioned. */
export function schemeOf(kind: PackageKind): VersionScheme {
  return schemeOfKind[kind]
}

/**
 * Negative when `a` is older than `b`, 0 when neither is, positive when it is newer.
 * @throws {InvalidVersion} when one of them is no version of this scheme. Another scheme is never tried: an answer by the
 * wrong rules is worse than none.
 */
export function compareVersions(scheme: VersionScheme, a: string, b: string): number {
  return schemes[scheme].compare(read(scheme, a), read(scheme, b))
}

function read(scheme: VersionScheme, text: string): unknown {
  const version = text.length > maximumLength ? undefined : schemes[scheme].read(text)
  if (version === undefined) throw new InvalidVersion(scheme, text)
  return version
}
