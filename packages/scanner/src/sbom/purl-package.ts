import { PackageURL } from 'packageurl-js'
import { normalizeName } from '../detectors/python.ts'
import type { CataloguedPackage, PackageKind } from '../package.ts'

/** What a package URL says of a package, in the catalogue's own spelling. */
export type PurlPackage = Pick<
  CataloguedPackage,
  'kind' | 'name' | 'version' | 'purl' | 'source' | 'architecture'
> & {
  /** The distribution's id: the namespace of its packages. */
  readonly namespace?: string
  /** Qualifier `distro`, such as `debian-12`. */
  readonly distro?: string
}

const kinds: Readonly<Record<string, PackageKind>> = {
  deb: 'deb',
  apk: 'apk',
  rpm: 'rpm',
  npm: 'npm',
  pypi: 'pypi',
  golang: 'golang',
  cargo: 'cargo',
  maven: 'maven',
  gem: 'gem',
  composer: 'composer',
  nuget: 'nuget',
}

/** Longer ones are nobody's; it bounds what one entry of an SBOM costs. */
const maximumLength = 4096

/**
 * Reads a package URL (https://github.com/package-url/purl-spec). `undefined` when it is none, has no version, or is of a
 * type that is not catalogued (`oci`, `generic`, `github`).
 */
export function purlPackage(text: string): PurlPackage | undefined {
  const parsed = parsePurl(text)
  const kind = kinds[parsed?.type ?? '']
  if (parsed === undefined || kind === undefined || !parsed.version) return undefined
  const namespace = parsed.namespace ?? undefined
  const qualifiers = parsed.qualifiers ?? {}
  const version = versionOf(kind, parsed.name, parsed.version, qualifiers['epoch'])
  const isOfDistribution = kind === 'deb' || kind === 'apk' || kind === 'rpm'
  const source = isOfDistribution ? sourceOf(qualifiers['upstream'], version, kind) : undefined
  const architecture = qualifiers['arch']
  return {
    kind,
    name: nameOf(kind, namespace, parsed.name),
    version,
    purl: text,
    ...(source !== undefined && { source }),
    ...(architecture !== undefined && { architecture }),
    ...(isOfDistribution && namespace !== undefined && { namespace }),
    ...(qualifiers['distro'] !== undefined && { distro: qualifiers['distro'] }),
  }
}

/** `undefined` for what is no package URL. */
export function parsePurl(text: string): PackageURL | undefined {
  if (text.length > maximumLength) return undefined
  try {
    return PackageURL.fromString(text)
  } catch {
    return undefined
  }
}

function nameOf(kind: PackageKind, namespace: string | undefined, name: string): string {
  if (kind === 'deb' || kind === 'apk' || kind === 'rpm' || namespace === undefined) {
    return kind === 'pypi' ? normalizeName(name) : name
  }
  if (kind === 'maven') return `${namespace}:${name}`
  if (kind === 'pypi') return normalizeName(name)
  const full = `${namespace}/${name}`
  return kind === 'composer' ? full.toLowerCase() : full
}

/** The standard library of Go is versioned without a letter before it; an epoch may stand beside the version. */
function versionOf(
  kind: PackageKind,
  name: string,
  version: string,
  epoch: string | undefined,
): string {
  if (kind === 'golang' && name === 'stdlib') return version.replace(/^(?:v|go)(?=\d)/, '')
  if ((kind === 'rpm' || kind === 'deb') && epoch !== undefined && !/^\d+:/.test(version)) {
    return /^0*$/.test(epoch) ? version : `${epoch}:${version}`
  }
  return version
}

/** `upstream`: a source package's name, `name@version`, or for rpm the file name of the source package. */
function sourceOf(
  upstream: string | undefined,
  version: string,
  kind: PackageKind,
): { name: string; version: string } | undefined {
  if (upstream === undefined || upstream === '') return undefined
  if (kind === 'rpm') {
    const file = /^(.+)-([^-]+)-([^-]+)\.(?:no)?src\.rpm$/.exec(upstream)
    if (file === null) return undefined
    // The file name tells no epoch; it is that of the packages made from it.
    const epoch = /^\d+:/.exec(version)?.[0] ?? ''
    return { name: file[1] ?? '', version: `${epoch}${file[2]}-${file[3]}` }
  }
  const at = upstream.lastIndexOf('@')
  return at > 0
    ? { name: upstream.slice(0, at), version: upstream.slice(at + 1) }
    : { name: upstream, version }
}
