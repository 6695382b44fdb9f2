import type { Finding, Score } from '../finding.ts'
import type { Place } from './ecosystems.ts'
import type { Statement } from './statement.ts'
export function ratingOf(
  statements: readonly Statement[],
  scores: readonly Score[],
  place: Place,
): Pick<Finding, 'severity' | 'score' | 'scores'> {
  void statements
  void place
  const all = scores.toSorted((a, b) => b.score - a.score)
  return { severity: 'unknown', score: all[0]?.score ?? 0, scores: all }
}
