import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { MatchTarget } from '@berth/scanner/advisories/database.ts'
import type { CataloguedPackage, Distribution, PackageKind } from '@berth/scanner/package.ts'
import { createHash } from 'node:crypto'
import type { NewPackage, PackageRow } from '../metadata/packages.ts'

/** The packages of a catalogue as matching sees them, each once. */
export function distinctPackages({ packages, distribution }: Catalogue): NewPackage[] {
  const release = distribution === undefined ? '' : releaseText(distribution)
  const distinct = new Map<string, NewPackage>()
  for (const one of packages) {
    const row = toRow(one, release)
    distinct.set(row.key, row)
  }
  return [...distinct.values()]
}

/** The key under which a package of a catalogue stands in `packages`. */
export function packageKey(one: CataloguedPackage, distribution: Distribution | undefined): string {
  return toRow(one, distribution === undefined ? '' : releaseText(distribution)).key
}

/** What advisories are asked about a stored package. */
export function matchTarget(row: PackageRow): MatchTarget {
  const distribution = readRelease(row.release)
  return {
    package: {
      kind: row.kind as PackageKind,
      name: row.name,
      version: row.version,
      ...(row.source_name !== '' && {
        source: { name: row.source_name, version: row.source_version },
      }),
      ...(row.is_third_party === 1 && { isThirdParty: true }),
      ...(row.modularity !== '' && { modularity: row.modularity }),
    },
    ...(distribution && { distribution }),
  }
}

function toRow(one: CataloguedPackage, release: string): NewPackage {
  const row = {
    kind: one.kind,
    release: isOfDistribution(one.kind) ? release : '',
    name: one.name,
    version: one.version,
    source_name: one.source?.name ?? '',
    source_version: one.source?.version ?? '',
    is_third_party: one.isThirdParty === true ? 1 : 0,
    modularity: one.modularity ?? '',
  }
  const key = createHash('sha256')
    .update(JSON.stringify(Object.values(row)))
    .digest('hex')
  const last = one.name.split(/[:/]/).at(-1) ?? ''
  const artifact = last === one.name ? '' : last
  return { ...row, key, artifact }
}

function isOfDistribution(kind: PackageKind): boolean {
  return kind === 'deb' || kind === 'apk' || kind === 'rpm'
}

/** `debian/12`, with what it is like behind it: `linuxmint/21 ubuntu debian`. */
function releaseText({ id, release, idLike }: Distribution): string {
  return [`${id}/${release}`, ...idLike].join(' ')
}

function readRelease(text: string): MatchTarget['distribution'] {
  if (text === '') return undefined
  const [name = '', ...idLike] = text.split(' ')
  const slash = name.indexOf('/')
  return { id: name.slice(0, slash), release: name.slice(slash + 1), idLike }
}
