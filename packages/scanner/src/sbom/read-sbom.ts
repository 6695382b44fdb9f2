import { type Catalogue, catalogueVersion } from '../catalogue.ts'
import { Unreadable } from '../detector.ts'
import { releaseOf } from '../detectors/os-release.ts'
import { endOfLife } from '../end-of-life.ts'
import { defaultLimits } from '../limits.ts'
import type { CataloguedPackage, Distribution, NotCovered } from '../package.ts'
import { isCycloneDx, readCycloneDx } from './cyclonedx.ts'
import type { SbomDistribution, SbomEntries, SbomEntry } from './entry.ts'
import { type PurlPackage, purlPackage } from './purl-package.ts'
import { isSpdx, readSpdx } from './spdx.ts'
import { unwrap } from './unwrap.ts'

const maximumBytes = 64 * 1024 ** 2

/**
 * The catalogue that an SBOM gives: SPDX 2.2 and 2.3 and CycloneDX 1.2 to 1.7, in JSON, also inside an in-toto statement,
 * a DSSE envelope or a Sigstore bundle (whose signatures are not checked here). Packages are known by their package URLs;
 * what has none, or one of another type, is `notCovered`. Throws `Unreadable` for everything else, with its place, and
 * beyond 64 MiB or the packages of `limits.ts`.
 */
export function readSbom(bytes: Uint8Array): Catalogue {
  const { document } = unwrap(bytes, maximumBytes)
  return catalogueOf(entriesOf(document))
}

function entriesOf(document: unknown): SbomEntries {
  if (isCycloneDx(document)) return readCycloneDx(document, defaultLimits.packages)
  if (isSpdx(document)) return readSpdx(document, defaultLimits.packages)
  throw new Unreadable(
    'it is no SBOM that is read here: it has neither bomFormat (CycloneDX) nor spdxVersion (SPDX 2)',
  )
}

function catalogueOf({ entries, distribution: told, notCovered }: SbomEntries): Catalogue {
  const packages = new Map<string, CataloguedPackage>()
  const missing: NotCovered[] = [...notCovered]
  let ofDistribution: PurlPackage | undefined
  for (const entry of entries) {
    const parsed = entry.purl === undefined ? undefined : purlPackage(entry.purl)
    if (parsed === undefined) {
      missing.push(notCoveredEntry(entry))
      continue
    }
    if (parsed.namespace !== undefined) ofDistribution ??= parsed
    const found = packageOf(entry, parsed)
    packages.set([found.kind, found.name, found.version, found.path, found.purl].join('\0'), found)
  }
  const distribution = distributionOf(told ?? distributionOfPurl(ofDistribution))
  return {
    version: catalogueVersion,
    ...(distribution !== undefined && { distribution }),
    packages: [...packages.values()].sort(byKindAndName),
    notCovered: missing,
  }
}

function packageOf(entry: SbomEntry, parsed: PurlPackage): CataloguedPackage {
  const { namespace: _namespace, distro: _distro, source: told, ...known } = parsed
  const source = told ?? entry.source
  return {
    ...known,
    ...(source !== undefined && !isItself(source, known) && { source }),
    licenses: entry.licenses,
    ...(entry.maintainer !== undefined && { maintainer: entry.maintainer }),
    ...(entry.modularity !== undefined && { modularity: entry.modularity }),
    path: entry.path ?? '',
    ...(entry.layer !== undefined && { layer: entry.layer }),
  }
}

function isItself(
  source: { name: string; version: string },
  { name, version }: { name: string; version: string },
): boolean {
  return source.name === name && source.version === version
}

function notCoveredEntry(entry: SbomEntry): NotCovered {
  const what = entry.version === '' ? entry.name : `${entry.name} ${entry.version}`
  return {
    path: entry.path ?? what,
    reason:
      entry.purl === undefined
        ? `The SBOM gives no package URL for ${what}.`
        : `The SBOM names ${what} by ${entry.purl}, which is of no type that has a catalogue, or has no version.`,
  }
}

/** `debian-12`; Trivy gives the version alone for some. */
function distributionOfPurl(found: PurlPackage | undefined): SbomDistribution | undefined {
  const { namespace, distro } = found ?? {}
  if (namespace === undefined || distro === undefined) return undefined
  const at = distro.lastIndexOf('-')
  if (/^\d/.test(distro)) return { id: namespace, version: distro }
  return at === -1
    ? { id: distro, version: '' }
    : { id: distro.slice(0, at), version: distro.slice(at + 1) }
}

function distributionOf(told: SbomDistribution | undefined): Distribution | undefined {
  if (told === undefined || told.id === '') return undefined
  const { id, version, codename } = told
  const release = releaseOf(id, version, codename)
  const end = endOfLife({ id, version, release })
  return {
    id,
    version,
    ...(codename !== undefined && { codename }),
    name: told.name ?? (version === '' ? id : `${id} ${version}`),
    idLike: told.idLike ?? [],
    release,
    ...(end !== undefined && { endOfLife: end }),
  }
}

function byKindAndName(a: CataloguedPackage, b: CataloguedPackage): number {
  const [first, second] = [a, b].map(({ kind, name, version, path }) => [kind, name, version, path])
  for (const [index, text] of (first ?? []).entries()) {
    const other = second?.[index] ?? ''
    if (text !== other) return text < other ? -1 : 1
  }
  return 0
}
