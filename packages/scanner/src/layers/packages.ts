import type { LayerFile } from '../catalogue.ts'
import type { CataloguedPackage, Distribution, PackageKind } from '../package.ts'
import { completePurl } from '../purl.ts'
import type { RootLinks } from './root-links.ts'

type Found = Omit<CataloguedPackage, 'layer'>

/**
 * The packages of all files: those of languages that a distribution's package brought are left out (the distribution
 * mends them without changing their version), and an SBOM in the image gives way to what was really found. Package URLs
 * of the distribution's packages get its name.
 */
export function choosePackages(
  files: readonly LayerFile[],
  links: RootLinks,
  distribution: Distribution | undefined,
): Found[] {
  const owned = ownedFiles(files, links)
  const licenses = declaredLicenses(files)
  const chosen = new Map<string, Found>()
  const named = new Set<string>()
  for (const isSbom of [false, true]) {
    for (const { detector, packages } of files) {
      if (detector.startsWith('sbom') !== isSbom) continue
      for (const found of packages) {
        if (isSbom && named.has(nameOf(found))) continue
        if (!isOfDistribution(found.kind) && owned.has(links.resolve(fileOf(found)))) continue
        chosen.set(
          [found.kind, found.name, found.version, found.path, found.architecture ?? ''].join('\0'),
          {
            ...found,
            ...(found.kind === 'deb' &&
              found.licenses.length === 0 && { licenses: licenses.get(found.name) ?? [] }),
            ...(isOfDistribution(found.kind) && { purl: completePurl(found.purl, distribution) }),
          },
        )
      }
    }
    for (const found of chosen.values()) named.add(nameOf(found))
  }
  return [...chosen.values()]
}

/** Files of packages of the distribution itself: what a third party packs is as its makers made it. */
function ownedFiles(files: readonly LayerFile[], links: RootLinks): ReadonlySet<string> {
  const thirdParty = new Set(
    files.flatMap(({ packages }) =>
      packages
        .filter(({ kind, isThirdParty }) => kind === 'deb' && isThirdParty === true)
        .map(({ name }) => name),
    ),
  )
  const owned = new Set<string>()
  for (const file of files) {
    const debian =
      /^var\/lib\/dpkg\/(?:info|status\.d)\/([^/:]+?)(?::[^/]+)?\.(?:md5sums|list)$/.exec(file.path)
    if (debian !== null && thirdParty.has(debian[1] ?? '')) continue
    for (const path of file.owned ?? []) owned.add(links.resolve(path))
  }
  return owned
}

function declaredLicenses(files: readonly LayerFile[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    files.flatMap(({ licenses }) =>
      licenses === undefined ? [] : [[licenses.package, licenses.licenses]],
    ),
  )
}

/** Without the path inside an archive. */
function fileOf({ path }: Found): string {
  const inside = path.indexOf('!/')
  return inside === -1 ? path : path.slice(0, inside)
}

function nameOf({ kind, name }: Found): string {
  return `${kind} ${name}`
}

function isOfDistribution(kind: PackageKind): boolean {
  return kind === 'deb' || kind === 'apk' || kind === 'rpm'
}
