import type { AffectedRange } from './advisory-record.ts'

const comparator = /^(<=|>=|<|>|=|==)?\s*([^\s<>=!,|()^]+)$/
/** Of one constraint; real ones have a few dozen. */
const maximumRanges = 5000

/**
 * A version constraint of Grype's database, such as `>= 1.0, < 2.0 || = 3`: alternatives of comparisons that all hold.
 * Empty means every version. `undefined` when it cannot be read, as with operators that are not comparisons.
 */
export function rangesOfConstraint(text: string): AffectedRange[] | undefined {
  if (text.trim() === '') return [{}]
  const alternatives = text.split('||')
  if (alternatives.length > maximumRanges) return undefined
  const ranges: AffectedRange[] = []
  for (const alternative of alternatives) {
    const range = rangeOf(alternative)
    if (range === undefined) return undefined
    ranges.push(range)
  }
  return ranges
}

function rangeOf(text: string): AffectedRange | undefined {
  let range: AffectedRange = {}
  for (const part of text.split(',')) {
    const match = comparator.exec(part.trim())
    const [, operator = '=', version] = match ?? []
    if (version === undefined) return undefined
    const added = boundOf(operator, version)
    // Two bounds on one side would need the order of the versions, which is not known here.
    if ((added.from !== undefined && range.from !== undefined) || (added.to && range.to)) {
      return undefined
    }
    range = { ...range, ...added }
  }
  return range
}

function boundOf(operator: string, version: string): AffectedRange {
  switch (operator) {
    case '<':
      return { to: version }
    case '<=':
      return { to: version, isToIncluded: true }
    case '>':
      return { from: version, isFromExcluded: true }
    case '>=':
      return { from: version }
    default:
      return { from: version, to: version, isToIncluded: true }
  }
}
