import type { CataloguedPackage, PackageKind } from '../../package.ts'
import { packageUrl } from '../../purl.ts'

/** What a lock file says of one package. */
export type LockedPackage = Pick<CataloguedPackage, 'name' | 'version' | 'licenses'>

/** Packages of one kind, each once, however often a lock file needs it. */
export function lockedPackages(
  kind: PackageKind,
  found: readonly LockedPackage[],
): Omit<CataloguedPackage, 'layer' | 'path'>[] {
  const unique = new Map(found.map((locked) => [`${locked.name}\0${locked.version}`, locked]))
  return [...unique.values()].map(({ name, version, licenses }) => ({
    kind,
    name,
    version,
    purl: packageUrl({ kind, name, version }),
    licenses,
  }))
}
