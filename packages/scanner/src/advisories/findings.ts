import type { Finding } from '../finding.ts'
import type { VersionScheme } from '../versions/compare.ts'
import type { Place } from './ecosystems.ts'
import { fixOf } from './fix.ts'
import type { Hit } from './judge-row.ts'
import type { Rows, StoredAdvisory } from './rows.ts'
import { mergeAliases } from './merge-aliases.ts'
import { ratingOf } from './rating.ts'
import type { Statement } from './statement.ts'

const maxReferences = 10

/** One finding for each vulnerability that the rows name and none of them denies. */
export function findingsOf(
  hits: readonly Hit[],
  place: Place,
  scheme: VersionScheme,
  rows: Rows,
): Finding[] {
  const statements = new Map<string, Statement[]>()
  const denied = new Set<string>()
  for (const hit of hits) {
    const advisory = rows.advisory(hit.row.advisory)
    if (hit.row.state === 'notAffected') {
      if (hit.isUndetermined) continue
      for (const name of [...advisory.vulnerabilities, ...advisory.aliases]) denied.add(name)
      continue
    }
    for (const name of advisory.vulnerabilities) {
      const known = statements.get(name)
      if (known === undefined) statements.set(name, [{ hit, advisory }])
      else known.push({ hit, advisory })
    }
  }
  return [...mergeAliases(statements)]
    .filter(([vulnerability]) => !denied.has(vulnerability))
    .map(([vulnerability, group]) => findingOf(vulnerability, group, place, scheme, rows))
}

function findingOf(
  vulnerability: string,
  group: readonly Statement[],
  place: Place,
  scheme: VersionScheme,
  rows: Rows,
): Finding {
  const statements = group.toSorted(bestFirst)
  const advisories = statements.map(({ advisory }) => advisory)
  const facts = rows.vulnerability(vulnerability)
  const title = first(advisories, ({ title }) => title)
  const description = first(advisories, ({ description }) => description)
  const published = range(advisories, ({ published }) => published).at(0)
  const modified = range(advisories, ({ modified }) => modified).at(-1)
  return {
    vulnerability,
    advisories: identities(advisories),
    aliases: unique(advisories.flatMap(({ aliases }) => aliases)).filter(
      (alias) => alias !== vulnerability,
    ),
    ...ratingOf(statements, facts.scores, place),
    ...fixOf(statements, scheme),
    ...(published !== undefined && { published }),
    ...(modified !== undefined && { modified }),
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    references: unique(advisories.flatMap(({ references }) => references)).slice(0, maxReferences),
    cwes: unique(advisories.flatMap(({ cwes }) => cwes)),
    ...(facts.knownExploited !== undefined && { knownExploited: facts.knownExploited }),
    ...(facts.epss !== undefined && { epss: facts.epss }),
    ...(statements.every(({ hit }) => hit.isUndetermined) && { isUndetermined: true as const }),
    ...(advisories.some(({ isMalware }) => isMalware === true) && { isMalware: true as const }),
  }
}

/** What is certain before what is not, what tells a fix before what does not. */
function bestFirst(a: Statement, b: Statement): number {
  return (
    Number(a.hit.isUndetermined) - Number(b.hit.isUndetermined) ||
    Number(b.hit.row.state === 'fixed') - Number(a.hit.row.state === 'fixed') ||
    (a.advisory.id < b.advisory.id ? -1 : Number(a.advisory.id > b.advisory.id))
  )
}

function identities(advisories: readonly StoredAdvisory[]): Finding['advisories'] {
  const seen = new Map<string, { id: string; source: string }>()
  for (const { id, source } of advisories) {
    const key = JSON.stringify([id, source])
    if (!seen.has(key)) seen.set(key, { id, source })
  }
  return [...seen.values()]
}

function first(
  advisories: readonly StoredAdvisory[],
  read: (advisory: StoredAdvisory) => string | undefined,
): string | undefined {
  for (const advisory of advisories) {
    const found = read(advisory)
    if (found !== undefined) return found
  }
  return undefined
}

function range(
  advisories: readonly StoredAdvisory[],
  read: (advisory: StoredAdvisory) => string | undefined,
): string[] {
  return advisories.flatMap((advisory) => read(advisory) ?? []).sort()
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
