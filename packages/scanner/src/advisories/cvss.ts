// CommonJS whose names Node cannot tell, so it comes as a whole.
import cvss from 'ae-cvss-calculator'
import type { Score } from '../finding.ts'

/** The longest vector with every metric of every group of CVSS 4.0 has some 250 characters. */
const maximumLength = 400
const shape =
  /^(?:CVSS:(?<version>3\.0|3\.1|4\.0)\/)?[A-Za-z]+:[A-Za-z]+(?:\/[A-Za-z]+:[A-Za-z]+)*$/

const calculators = {
  '2.0': (vector: string) => new cvss.Cvss2(vector),
  '3.0': (vector: string) => new cvss.Cvss3P0(vector),
  '3.1': (vector: string) => new cvss.Cvss3P1(vector),
  '4.0': (vector: string) => new cvss.Cvss4P0(vector),
} as const

/**
 * The base score of a CVSS vector, https://www.first.org/cvss/: 2.0 (with or without brackets), 3.0, 3.1, 4.0. Metrics of
 * time and place are not counted: they are somebody else's. `undefined` for a vector that is broken or not complete.
 */
export function scoreOfVector(source: string, vector: string): Score | undefined {
  const trimmed = vector.trim().replace(/^\((.*)\)$/, '$1')
  const match = trimmed.length > maximumLength ? null : shape.exec(trimmed)
  if (match === null || hasTwice(trimmed)) return undefined
  const version = (match.groups?.['version'] ?? '2.0') as keyof typeof calculators
  const score = baseScore(version, trimmed)
  return score === undefined ? undefined : { source, version, vector: trimmed, score }
}

function baseScore(version: keyof typeof calculators, vector: string): number | undefined {
  try {
    const calculator = calculators[version](vector)
    if (!calculator.isBaseFullyDefined()) return undefined
    const scores = calculator.calculateScores()
    return 'baseMetricsOnly' in scores ? scores.baseMetricsOnly : scores.base
  } catch {
    // The library throws a text that is no error; which metric it was does not matter here.
    return undefined
  }
}

function hasTwice(vector: string): boolean {
  const metrics = vector.split('/').map((part) => part.split(':')[0])
  return new Set(metrics).size !== metrics.length
}
