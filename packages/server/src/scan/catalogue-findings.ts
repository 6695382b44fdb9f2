import { matchCatalogue } from '@berth/scanner/advisories/match.ts'
import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { AdvisoryData, Finding, PackageFinding } from '@berth/scanner/finding.ts'
import type { CataloguedPackage, NotCovered } from '@berth/scanner/package.ts'
import type { Advisories } from './advisories.ts'

const packagesAtOnce = 500

/** What is wrong with a catalogue that is not stored here, by the advisories in force; off the main thread. */
export async function findInCatalogue(
  advisories: Advisories,
  catalogue: Catalogue,
): Promise<{ findings: PackageFinding[]; uncovered: NotCovered[]; data: AdvisoryData }> {
  await advisories.refresh()
  const { data } = advisories.state
  const { distribution, packages } = catalogue
  const found = new Map<object, Finding[]>()
  for (let from = 0; from < packages.length; from += packagesAtOnce) {
    const part = packages.slice(from, from + packagesAtOnce)
    const targets = part.map((subject) => ({ package: identityOf(subject), distribution }))
    const matched = await advisories.match(targets)
    for (const [index, subject] of part.entries()) {
      const rows = matched[index] ?? []
      found.set(
        subject,
        rows.map(({ finding }) => JSON.parse(finding) as Finding),
      )
    }
  }
  return {
    findings: matchCatalogue({ match: (target) => found.get(target.package) ?? [] }, catalogue),
    uncovered: await advisories.uncovered(catalogue),
    data,
  }
}

/** What matching looks at, without the rest: it goes to another thread. */
function identityOf({ kind, name, version, source, isThirdParty, modularity }: CataloguedPackage) {
  return {
    kind,
    name,
    version,
    ...(source && { source }),
    ...(isThirdParty === true && { isThirdParty }),
    ...(modularity !== undefined && { modularity }),
  }
}
