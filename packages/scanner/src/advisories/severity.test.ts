import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Score } from '../finding.ts'
import { rankScores, scoreOfWord, severityOf } from './severity.ts'

test.each([
  ['CRITICAL', 9, 'critical'],
  ['important', 7, 'high'],
  ['High', 7, 'high'],
  ['moderate', 4, 'medium'],
  ['medium', 4, 'medium'],
  ['Low', 0.1, 'low'],
  ['unimportant', 0, 'negligible'],
  ['negligible', 0, 'negligible'],
])('the word %s is worth %f, estimated', (word, score, severity) => {
  const found = scoreOfWord('debian', word)
  expect(found).toEqual({ source: 'debian', score, isEstimated: true })
  expect(severityOf(found)).toBe(severity)
})

test.each(['not yet assigned', 'untriaged', 'end-of-life', '', 'unknown', 'constructor'])(
  'the word %j says nothing',
  (word) => {
    expect(scoreOfWord('debian', word)).toBeUndefined()
  },
)

test.each([
  [10, 'critical'],
  [9, 'critical'],
  [8.9, 'high'],
  [7, 'high'],
  [6.9, 'medium'],
  [4, 'medium'],
  [3.9, 'low'],
  [0.1, 'low'],
  [0, 'negligible'],
])('%f is %s', (score, severity) => {
  expect(severityOf({ source: 'nvd', score })).toBe(severity)
})

test('without a score the severity is unknown', () => {
  expect(severityOf(undefined)).toBe('unknown')
})

const exact = (source: string, score: number, version = '3.1'): Score => ({
  source,
  version,
  vector: `of ${source}`,
  score,
})
const word = (source: string, text: string): Score => {
  const score = scoreOfWord(source, text)
  if (score === undefined) throw new Error(`no score for ${text}`)
  return score
}

test.each<[string, string, Score[], string[]]>([
  [
    'the vendor before GHSA before NVD before other distributions',
    'rhel',
    [exact('nvd', 9.8), exact('ubuntu', 1), exact('ghsa', 7.5), exact('redhat', 3)],
    ['redhat 3', 'ghsa 7.5', 'nvd 9.8', 'ubuntu 1'],
  ],
  [
    'a number before the vendor has only a word',
    'debian',
    [word('debian', 'low'), exact('nvd', 9.8)],
    ['nvd 9.8', 'debian 0.1'],
  ],
  [
    'the vendor who says that it does not matter',
    'debian',
    [exact('nvd', 9.8), word('debian', 'unimportant'), word('ubuntu', 'negligible')],
    ['debian 0', 'nvd 9.8', 'ubuntu 0'],
  ],
  [
    'the newest CVSS of one source',
    'npm',
    [exact('ghsa', 9.8), exact('ghsa', 5, '4.0'), exact('ghsa', 10, '2.0')],
    ['ghsa 5', 'ghsa 9.8', 'ghsa 10'],
  ],
  [
    'whoever gave the number, before NVD',
    'golang',
    [exact('nvd', 9), exact('security@apache.org', 4)],
    ['security@apache.org 4', 'nvd 9'],
  ],
])('counts first: %s', (_, ecosystem, scores, expected) => {
  const shown = (ranked: readonly Score[]): string[] =>
    ranked.map(({ source, score }) => `${source} ${score}`)
  expect(shown(rankScores(scores, ecosystem))).toEqual(expected)
  expect(shown(rankScores(scores.toReversed(), ecosystem))).toEqual(expected)
})

test('the order of the scores given does not matter', () => {
  const score = fc.record({
    source: fc.constantFrom('nvd', 'ghsa', 'debian', 'redhat', 'a@b'),
    version: fc.constantFrom('2.0', '3.1', '4.0'),
    score: fc.constantFrom(0, 4.1, 9.8),
    vector: fc.constantFrom('a', 'b'),
  })
  fc.assert(
    fc.property(fc.array(score, { maxLength: 6 }), fc.constantFrom('debian', 'npm'), (all, of) => {
      expect(rankScores(all.toReversed(), of)).toEqual(rankScores(all, of))
    }),
  )
})
