import type { Statement } from './statement.ts'

/**
 * Joins groups that are one vulnerability under two names: a record without a CVE that calls itself another name of one
 * that has one. Two CVEs are never joined, even where an advisory names both: they are two vulnerabilities.
 */
export function mergeAliases(
  groups: ReadonlyMap<string, readonly Statement[]>,
): ReadonlyMap<string, readonly Statement[]> {
  if (groups.size < 2) return groups
  const nameOf = new Map<string, string>()
  for (const [name, statements] of groups) {
    for (const alias of statements.flatMap(({ advisory }) => advisory.aliases)) {
      if (!groups.has(alias)) continue
      const [worse, better] = rank(alias) >= rank(name) ? [alias, name] : [name, alias]
      if (!isCve(worse) && worse !== better && !nameOf.has(worse)) nameOf.set(worse, better)
    }
  }
  if (nameOf.size === 0) return groups
  const merged = new Map<string, Statement[]>()
  for (const [name, statements] of groups) {
    const target = resolve(name, nameOf)
    const known = merged.get(target)
    if (known === undefined) merged.set(target, [...statements])
    else known.push(...statements)
  }
  return merged
}

/** `nameOf` leads to better names only, or to equally good ones that were seen before: an end is always reached. */
function resolve(name: string, nameOf: ReadonlyMap<string, string>): string {
  const seen = new Set<string>()
  let current = name
  while (!seen.has(current)) {
    seen.add(current)
    current = nameOf.get(current) ?? current
  }
  return current
}

function rank(name: string): number {
  if (isCve(name)) return 0
  if (name.startsWith('MAL-')) return 1
  return name.startsWith('GHSA-') ? 2 : 3
}

function isCve(name: string): boolean {
  return name.startsWith('CVE-')
}
