import type { Finding, Score } from '../finding.ts'
import { isDistribution, type Place } from './ecosystems.ts'
import { rankScores, scoreOfWord, severityOf } from './severity.ts'
import type { Statement } from './statement.ts'

/** Who speaks for an ecosystem where it is not called as the ecosystem. */
const publishers: Readonly<Record<string, string>> = {
  rhel: 'redhat',
  sles: 'suse',
  'opensuse-leap': 'suse',
  'opensuse-tumbleweed': 'suse',
  'ubuntu-pro': 'ubuntu',
}

/**
 * How bad a finding is: what its advisories say, what they say of this package, and what others say of the vulnerability
 * (`shared`), in the order of `rankScores`.
 */
export function ratingOf(
  statements: readonly Statement[],
  shared: readonly Score[],
  place: Place,
): Pick<Finding, 'severity' | 'score' | 'scores'> {
  const all = statements
    .flatMap(({ hit, advisory }) => [...saidOfPackage(hit.row.severity, place), ...advisory.scores])
    .concat(shared)
  const distinct = [...new Map(all.map((score) => [JSON.stringify(score), score])).values()]
  const scores = rankScores(distinct, place.ecosystem)
  const [counts] = scores
  return { severity: severityOf(counts), score: counts?.score ?? 0, scores }
}

function saidOfPackage(word: string | null, place: Place): Score[] {
  const score = word === null ? undefined : scoreOfWord(publisherOf(place), word)
  return score === undefined ? [] : [score]
}

function publisherOf({ ecosystem }: Place): string {
  if (!isDistribution(ecosystem)) return 'osv'
  return Object.hasOwn(publishers, ecosystem) ? (publishers[ecosystem] ?? ecosystem) : ecosystem
}
