import type { Score, Severity } from '../finding.ts'

/** Lowest score of each band, https://nvd.nist.gov/vuln-metrics/cvss; what is below `low` is negligible. */
const floors = { critical: 9, high: 7, medium: 4, low: 0.1, negligible: 0 } as const

/**
 * Words of distributions and databases. What says only that nobody has looked yet (`not yet assigned`, `untriaged`) is
 * not here, and so has no score.
 */
const bandOfWord: Readonly<Record<string, keyof typeof floors>> = {
  critical: 'critical',
  urgent: 'critical',
  high: 'high',
  important: 'high',
  severe: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  minor: 'low',
  negligible: 'negligible',
  unimportant: 'negligible',
  none: 'negligible',
  informational: 'negligible',
}

/** Who scores for an ecosystem, where it is not called as the ecosystem. */
const vendors: Readonly<Record<string, readonly string[]>> = {
  'ubuntu-pro': ['ubuntu'],
  rhel: ['redhat'],
  rocky: ['rocky', 'redhat'],
  almalinux: ['almalinux', 'alma', 'redhat'],
  sles: ['sles', 'suse'],
  'opensuse-leap': ['opensuse', 'suse'],
  'opensuse-tumbleweed': ['opensuse', 'suse'],
  azurelinux: ['azurelinux', 'azure', 'mariner'],
  mariner: ['mariner', 'azurelinux', 'azure'],
  chainguard: ['chainguard', 'wolfi'],
  golang: ['go'],
  cargo: ['rustsec'],
  pypi: ['pypa'],
}

/** Distributions that judge how bad something is for themselves, which says little of another's package. */
const distributions = new Set(
  ['debian', 'ubuntu', 'alpine', 'wolfi', 'chainguard', 'rocky', 'almalinux', 'alma'].concat(
    ['oracle', 'amazon', 'fedora', 'suse', 'sles', 'opensuse', 'mariner', 'azurelinux', 'photon'],
    ['redhat', 'azure', 'bitnami', 'openeuler'],
  ),
)

/**
 * The floor of the band that a word names, such as 7.0 for `important`, marked as estimated. `undefined` for a word that
 * names none.
 */
export function scoreOfWord(source: string, word: string): Score | undefined {
  const key = word.trim().toLowerCase()
  const band = Object.hasOwn(bandOfWord, key) ? bandOfWord[key] : undefined
  return band === undefined ? undefined : { source, score: floors[band], isEstimated: true }
}

/**
 * The scores of a vulnerability in a package of `ecosystem` (a name of `ecosystems.ts`), the one that counts first:
 * calculated ones before words, among them the ecosystem's own before GHSA and whoever gave the number, those before
 * NVD, other distributions last; of one source the newest CVSS. Only when the ecosystem's own word is that it does not
 * matter (`unimportant`, `negligible`), that goes before all. Says the same for the same scores in any order.
 */
export function rankScores(scores: readonly Score[], ecosystem: string): Score[] {
  return scores.toSorted(
    (a, b) =>
      classOf(a, ecosystem) - classOf(b, ecosystem) ||
      distance(a.source, ecosystem) - distance(b.source, ecosystem) ||
      Number(b.version ?? 0) - Number(a.version ?? 0) ||
      b.score - a.score ||
      compareText(a.source, b.source) ||
      compareText(a.vector ?? '', b.vector ?? ''),
  )
}

/** The band of the score that counts; `unknown` without one. */
export function severityOf(score: Score | undefined): Severity {
  if (score === undefined) return 'unknown'
  if (score.score >= floors.critical) return 'critical'
  if (score.score >= floors.high) return 'high'
  if (score.score >= floors.medium) return 'medium'
  return score.score >= floors.low ? 'low' : 'negligible'
}

function classOf(score: Score, ecosystem: string): number {
  if (score.isEstimated !== true) return 1
  return score.score === 0 && distance(score.source, ecosystem) === 0 ? 0 : 2
}

function distance(source: string, ecosystem: string): number {
  const own = vendors[ecosystem] ?? [ecosystem]
  if (own.includes(source)) return 0
  if (source === 'nvd') return 2
  return distributions.has(source) ? 3 : 1
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
