import { releaseOf } from '../detectors/os-release.ts'
import { kindOfEcosystem, type Place } from './ecosystems.ts'

/** `operating_systems` of Grype's database. */
export type GrypeSystem = {
  readonly name: string
  readonly major: string
  readonly minor: string
  readonly label: string
  readonly channel: string
}

const ecosystemOfSystem: Readonly<Record<string, string>> = {
  redhat: 'rhel',
  rhel: 'rhel',
  amazonlinux: 'amazon',
  amzn: 'amazon',
  oraclelinux: 'oracle',
  ol: 'oracle',
  rockylinux: 'rocky',
  'opensuse-leap': 'opensuse-leap',
}

/** By the name of the language and by syft's name of the package type: the database has had both. */
const ecosystemOfPackage: Readonly<Record<string, string>> = {
  javascript: 'npm',
  python: 'pypi',
  go: 'golang',
  'go-module': 'golang',
  rust: 'cargo',
  'rust-crate': 'cargo',
  java: 'maven',
  'java-archive': 'maven',
  ruby: 'gem',
  php: 'composer',
  'php-composer': 'composer',
  dotnet: 'nuget',
}

/**
 * Where an affected package of Grype's database belongs. `undefined` for an ecosystem that Berth does not match, and for
 * channels of extended support, which only who pays can install from.
 */
export function placeOfGrype(
  packageType: string,
  system: GrypeSystem | undefined,
): Place | undefined {
  if (system === undefined) {
    const ecosystem = own(ecosystemOfPackage, packageType) ?? packageType
    const kind = kindOfEcosystem(ecosystem)
    return kind === ecosystem && !isOfDistribution(kind) ? { ecosystem, release: '' } : undefined
  }
  if (system.channel !== '') return undefined
  const ecosystem = own(ecosystemOfSystem, system.name) ?? system.name
  if (!isOfDistribution(kindOfEcosystem(ecosystem))) return undefined
  const numbers = system.minor === '' ? system.major : `${system.major}.${system.minor}`
  return { ecosystem, release: releaseOf(ecosystem, numbers === '' ? system.label : numbers) }
}

function isOfDistribution(kind: string | undefined): boolean {
  return kind === 'deb' || kind === 'apk' || kind === 'rpm'
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
