import type { Catalogue } from '../catalogue.ts'
import type { CataloguedPackage } from '../package.ts'
import { compareVersions, InvalidVersion, schemeOf } from '../versions/compare.ts'

/** A package that both have, at other versions. */
type ChangedPackage = Pick<CataloguedPackage, 'kind' | 'name'> & {
  /** All installed versions, in the order of the catalogue; usually one. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Where the highest version went; `unclear` when the versions cannot be compared or only lower ones came or went. */
  readonly direction: 'up' | 'down' | 'unclear'
}

/** What one image has that another has not. Lists are sorted by kind and name. */
export type CatalogueDiff = {
  readonly distribution?: { readonly before: string; readonly after: string }
  readonly added: readonly CataloguedPackage[]
  readonly removed: readonly CataloguedPackage[]
  readonly changed: readonly ChangedPackage[]
  /** Packages whose version stayed and whose declared licences did not. */
  readonly licenses: readonly (Pick<CataloguedPackage, 'kind' | 'name' | 'version'> & {
    readonly before: readonly string[]
    readonly after: readonly string[]
  })[]
  /** Packages that are the same in both, counted by kind and name. */
  readonly unchanged: number
}

/** Compares what two catalogues hold, by kind and name: where a package lies does not count, nor how often. */
export function diffCatalogues(before: Catalogue, after: Catalogue): CatalogueDiff {
  const old = byName(before)
  const current = byName(after)
  const names = [...new Set([...old.keys(), ...current.keys()])].sort()
  const added: CataloguedPackage[] = []
  const removed: CataloguedPackage[] = []
  const changed: ChangedPackage[] = []
  const licenses: CatalogueDiff['licenses'][number][] = []
  let unchanged = 0
  for (const name of names) {
    const was = old.get(name) ?? []
    const is = current.get(name) ?? []
    const [oldVersions, versions] = [versionsOf(was), versionsOf(is)]
    const first = is[0] ?? was[0]
    if (first === undefined) continue
    if (was.length === 0) added.push(...is)
    else if (is.length === 0) removed.push(...was)
    else if (oldVersions.join('\0') !== versions.join('\0')) {
      changed.push({
        kind: first.kind,
        name: first.name,
        before: oldVersions,
        after: versions,
        direction: directionOf(first, oldVersions, versions),
      })
    } else {
      const [oldLicenses, declared] = [licensesOf(was), licensesOf(is)]
      if (oldLicenses.join('\0') === declared.join('\0')) unchanged += 1
      else {
        const { kind, name, version } = first
        licenses.push({ kind, name, version, before: oldLicenses, after: declared })
      }
    }
  }
  return { ...distributionChange(before, after), added, removed, changed, licenses, unchanged }
}

function byName(catalogue: Catalogue): Map<string, CataloguedPackage[]> {
  return Map.groupBy(catalogue.packages, ({ kind, name }) => `${kind}\0${name}`)
}

function versionsOf(packages: readonly CataloguedPackage[]): string[] {
  return [...new Set(packages.map(({ version }) => version))].sort()
}

function licensesOf(packages: readonly CataloguedPackage[]): string[] {
  return [...new Set(packages.flatMap(({ licenses }) => licenses))].sort()
}

function directionOf(
  { kind }: CataloguedPackage,
  before: readonly string[],
  after: readonly string[],
): ChangedPackage['direction'] {
  try {
    const scheme = schemeOf(kind)
    const highest = (versions: readonly string[]) =>
      versions.reduce((a, b) => (compareVersions(scheme, a, b) < 0 ? b : a))
    const order = compareVersions(scheme, highest(before), highest(after))
    if (order === 0) return 'unclear'
    return order < 0 ? 'up' : 'down'
  } catch (error) {
    if (error instanceof InvalidVersion) return 'unclear'
    throw error
  }
}

function distributionChange(
  before: Catalogue,
  after: Catalogue,
): Pick<CatalogueDiff, 'distribution'> {
  const [was, is] = [before, after].map(({ distribution }) => distribution?.name ?? '')
  if (was === undefined || is === undefined || was === is) return {}
  return { distribution: { before: was, after: is } }
}
