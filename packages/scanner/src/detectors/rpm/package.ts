import { ScanLimit, Unreadable } from '../../detector.ts'
import { defaultLimits } from '../../limits.ts'
import type { CataloguedPackage } from '../../package.ts'
import { packageUrl } from '../../purl.ts'
import { RpmTag, type RpmHeader } from './header.ts'
import { isDistributionVendor } from './vendors.ts'

export type RpmPackage = Omit<CataloguedPackage, 'layer' | 'path'>

/** What any of rpm's sources says of one package. */
export type RpmFacts = {
  readonly name: string
  readonly version: string
  readonly release: string
  readonly epoch: number
  readonly architecture: string | undefined
  /** File name of the source package: `bash-5.1.8-9.el9.src.rpm`. */
  readonly sourceRpm: string | undefined
  readonly vendor: string | undefined
  readonly license: string | undefined
  readonly modularity: string | undefined
}

/** Reads the facts of a header; undefined for what is no software (imported keys). Throws `Unreadable`. */
export function rpmFacts(header: RpmHeader): RpmFacts | undefined {
  const name = header.string(RpmTag.name) ?? ''
  const version = header.string(RpmTag.version) ?? ''
  const release = header.string(RpmTag.release) ?? ''
  if (name === '' || version === '') {
    throw new Unreadable('a package header has no name or no version')
  }
  // rpm keeps imported keys as if they were packages.
  if (name === 'gpg-pubkey') return undefined
  return {
    name,
    version,
    release,
    epoch: header.numbers(RpmTag.epoch)[0] ?? 0,
    architecture: header.string(RpmTag.architecture),
    sourceRpm: header.string(RpmTag.sourceRpm),
    vendor: header.string(RpmTag.vendor),
    license: header.string(RpmTag.license),
    modularity: header.string(RpmTag.modularityLabel),
  }
}

/** A package of the catalogue; its purl has no namespace yet, which is the distribution's id. */
export function rpmPackage(facts: RpmFacts): RpmPackage {
  const evr = withEpoch(facts.epoch, versionRelease(facts.version, facts.release))
  const architecture = present(facts.architecture)
  const sourceRpm = present(facts.sourceRpm)
  const source = sourceRpm === undefined ? undefined : readSourceRpm(sourceRpm, facts.epoch)
  const vendor = present(facts.vendor)
  const license = present(facts.license)
  const modularity = present(facts.modularity)
  const isSourceItself = source?.name === facts.name && source.version === evr
  return {
    kind: 'rpm',
    name: facts.name,
    version: evr,
    purl: packageUrl({
      kind: 'rpm',
      name: facts.name,
      version: versionRelease(facts.version, facts.release),
      qualifiers: {
        arch: architecture,
        epoch: facts.epoch === 0 ? undefined : String(facts.epoch),
        upstream: sourceRpm,
      },
    }),
    ...(source === undefined || isSourceItself ? {} : { source }),
    ...(architecture === undefined ? {} : { architecture }),
    licenses: license === undefined ? [] : [license],
    ...(vendor === undefined ? {} : { maintainer: vendor }),
    ...(isDistributionVendor(vendor) ? {} : { isThirdParty: true }),
    ...(modularity === undefined ? {} : { modularity }),
  }
}

/**
 * Files of a package, without a leading slash. Throws `Unreadable` for lists that do not fit together and `ScanLimit`
 * for a path longer than the scanner reads.
 */
export function rpmFiles(header: RpmHeader): string[] {
  const baseNames = header.strings(RpmTag.baseNames)
  // Before rpm 4.0 the paths were stored whole.
  if (baseNames.length === 0) return header.strings(RpmTag.oldFileNames).map(cleanPath)
  const directories = header.strings(RpmTag.dirNames)
  const indexes = header.numbers(RpmTag.dirIndexes)
  if (indexes.length !== baseNames.length) {
    throw new Unreadable('the file list of a package header does not fit its list of directories')
  }
  return baseNames.map((baseName, at) => {
    const directory = directories[indexes[at] ?? -1]
    if (directory === undefined) {
      throw new Unreadable('a file of a package header lies in a directory that is not listed')
    }
    return cleanPath(`${directory}${baseName}`)
  })
}

function cleanPath(path: string): string {
  if (path.length > defaultLimits.pathLength) {
    throw new ScanLimit(
      `a file of an rpm package has a path of ${path.length} characters, more than the limit of ${defaultLimits.pathLength}`,
    )
  }
  return path.replace(/^\/+/, '')
}

function versionRelease(version: string, release: string): string {
  return release === '' ? version : `${version}-${release}`
}

function withEpoch(epoch: number, version: string): string {
  return epoch === 0 ? version : `${epoch}:${version}`
}

/** The file name of a source package tells no epoch; it is taken for that of the packages made from it. */
function readSourceRpm(
  fileName: string,
  epoch: number,
): { name: string; version: string } | undefined {
  const matched = /^(?<name>.+)-(?<version>[^-]+)-(?<release>[^-]+)\.(?:no)?src\.rpm$/.exec(
    fileName,
  )
  const { name, version, release } = matched?.groups ?? {}
  if (name === undefined || version === undefined || release === undefined) return undefined
  return { name, version: withEpoch(epoch, `${version}-${release}`) }
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value === '(none)' ? undefined : value
}
