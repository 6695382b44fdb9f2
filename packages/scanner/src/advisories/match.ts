import type { Catalogue } from '../catalogue.ts'
import type { PackageFinding } from '../finding.ts'
import type { CataloguedPackage, NotCovered } from '../package.ts'
import type { AdvisoryDatabase } from './database.ts'

/** What is wrong with the packages of a catalogue, worst first; the same input gives the same order. */
export function matchCatalogue(
  database: Pick<AdvisoryDatabase, 'match'>,
  catalogue: Catalogue,
): PackageFinding[] {
  const { distribution, packages } = catalogue
  return packages
    .flatMap((subject) =>
      database
        .match({ package: subject, distribution })
        .map((finding): PackageFinding => ({ ...finding, package: subject })),
    )
    .sort(worstFirst)
}

/**
 * Packages of which the advisories say nothing at all, so that none of them must be counted as clean: what the
 * distribution does not make, and everything of a distribution, a release or a language without a single advisory.
 */
export function withoutAdvisories(database: AdvisoryDatabase, catalogue: Catalogue): NotCovered[] {
  const { distribution, packages } = catalogue
  const uncovered = new Map<string, { path: string; count: number; isThirdParty: boolean }>()
  const isCovered = new Map<CataloguedPackage['kind'], boolean>()
  for (const subject of packages) {
    const { kind, path, isThirdParty } = subject
    if (!isCovered.has(kind)) {
      isCovered.set(kind, database.covers({ package: subject, distribution }))
    }
    if (isThirdParty !== true && isCovered.get(kind) === true) continue
    const key = JSON.stringify([kind, path, isThirdParty === true])
    const known = uncovered.get(key)
    if (known === undefined) uncovered.set(key, { path, count: 1, isThirdParty: !!isThirdParty })
    else known.count += 1
  }
  return [...uncovered].map(([key, { path, count, isThirdParty }]) => {
    const [kind] = JSON.parse(key) as [CataloguedPackage['kind']]
    const what = `${count} ${kind} ${count === 1 ? 'package' : 'packages'}`
    return {
      path,
      reason: isThirdParty
        ? `${what} not made by the distribution: its advisories say nothing of them.`
        : `${what} without any advisories to match: none have been imported for ${placeName(kind, catalogue)}.`,
    }
  })
}

function placeName(kind: CataloguedPackage['kind'], { distribution }: Catalogue): string {
  if (kind !== 'deb' && kind !== 'apk' && kind !== 'rpm') return kind
  return distribution === undefined
    ? 'packages without a distribution'
    : `${distribution.id} ${distribution.release}`.trim()
}

/** Malware before mistakes, then by score; among equals what is exploited, then what is likely to be. */
function worstFirst(a: PackageFinding, b: PackageFinding): number {
  return (
    Number(b.isMalware ?? false) - Number(a.isMalware ?? false) ||
    b.score - a.score ||
    Number(b.knownExploited !== undefined) - Number(a.knownExploited !== undefined) ||
    (b.epss ?? 0) - (a.epss ?? 0) ||
    compareText(a.vulnerability, b.vulnerability) ||
    compareText(a.package.name, b.package.name) ||
    compareText(a.package.version, b.package.version) ||
    compareText(a.package.path, b.package.path)
  )
}

/** By code units: the same everywhere, whatever the locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
