import type { Distribution, PackageKind } from '../package.ts'

/** Where an advisory's package belongs: the columns `affected.ecosystem` and `affected.release`. */
export type Place = {
  readonly ecosystem: string
  /** Empty: every release, or there are none. */
  readonly release: string
}

/** How each ecosystem's packages are made, and so how their versions are ordered. */
const kinds: Readonly<Record<string, PackageKind>> = {
  debian: 'deb',
  ubuntu: 'deb',
  'ubuntu-pro': 'deb',
  alpine: 'apk',
  wolfi: 'apk',
  chainguard: 'apk',
  rhel: 'rpm',
  rocky: 'rpm',
  almalinux: 'rpm',
  oracle: 'rpm',
  amazon: 'rpm',
  fedora: 'rpm',
  sles: 'rpm',
  'opensuse-leap': 'rpm',
  'opensuse-tumbleweed': 'rpm',
  azurelinux: 'rpm',
  mariner: 'rpm',
  photon: 'rpm',
  npm: 'npm',
  pypi: 'pypi',
  golang: 'golang',
  cargo: 'cargo',
  maven: 'maven',
  gem: 'gem',
  composer: 'composer',
  nuget: 'nuget',
}

/** `ID` of os-release where it is not the ecosystem's name. */
const ecosystemOfId: Readonly<Record<string, string>> = {
  raspbian: 'debian',
  centos: 'rhel',
  redhat: 'rhel',
  ol: 'oracle',
  amzn: 'amazon',
  sled: 'sles',
  sle_hpc: 'sles',
  sles_sap: 'sles',
  opensuse: 'opensuse-leap',
}

/** Those in which packages of a module (`nodejs:18`) and others have advisories apart. */
const modular: ReadonlySet<string> = new Set(['rhel', 'rocky', 'almalinux', 'oracle'])

/** `undefined` for an ecosystem that Berth does not match. */
export function kindOfEcosystem(ecosystem: string): PackageKind | undefined {
  return Object.hasOwn(kinds, ecosystem) ? kinds[ecosystem] : undefined
}

export function isDistribution(ecosystem: string): boolean {
  const kind = kindOfEcosystem(ecosystem)
  return kind === 'deb' || kind === 'apk' || kind === 'rpm'
}

export function hasModules(ecosystem: string): boolean {
  return modular.has(ecosystem)
}

/**
 * Where the advisories of such a package are. `undefined`: nobody writes any, as for a deb without a distribution or one
 * whose distribution has no advisories here.
 */
export function placeOfPackage(
  target: { kind: PackageKind; version: string },
  distribution: Pick<Distribution, 'id' | 'release' | 'idLike'> | undefined,
): Place | undefined {
  const { kind, version } = target
  if (kind !== 'deb' && kind !== 'apk' && kind !== 'rpm') return { ecosystem: kind, release: '' }
  if (distribution === undefined) return undefined
  const ecosystem = ecosystemOfDistribution(distribution)
  if (ecosystem === undefined || kindOfEcosystem(ecosystem) !== kind) return undefined
  // Only who pays has such versions, and then the fixes made for them count.
  const isPro = ecosystem === 'ubuntu' && /[+~]esm/.test(version)
  return { ecosystem: isPro ? 'ubuntu-pro' : ecosystem, release: distribution.release }
}

/** Derivatives count as what they are like only where they keep its releases: rebuilds of Red Hat's. */
function ecosystemOfDistribution(
  distribution: Pick<Distribution, 'id' | 'idLike'>,
): string | undefined {
  const { id, idLike } = distribution
  const ecosystem = Object.hasOwn(ecosystemOfId, id) ? ecosystemOfId[id] : id
  if (ecosystem !== undefined && isDistribution(ecosystem)) return ecosystem
  return idLike.includes('rhel') ? 'rhel' : undefined
}

/** The spelling under which advisories of this ecosystem are kept and looked up. */
export function packageNameOf(ecosystem: string, name: string): string {
  const kind = kindOfEcosystem(ecosystem)
  // PEP 503.
  if (kind === 'pypi') return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
  return kind === 'nuget' || kind === 'composer' ? name.toLowerCase() : name
}
