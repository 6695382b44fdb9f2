/** A tag read as a version: `v1.2.3-rc.1`, `2026.07`, `1.21-alpine`. */
type Version = {
  readonly numbers: readonly string[]
  /** What follows the numbers, without its dash; empty for a plain version. */
  readonly suffix: string
}

const versionGrammar = /^[vV]?([0-9]+(?:\.[0-9]+){0,5})(?:[-_.]([0-9A-Za-z][0-9A-Za-z._-]*))?$/
const preReleaseWord =
  /^(?:alpha|beta|a|b|c|rc|cr|pre|preview|dev|develop|snapshot|nightly|canary|next|edge|ea|m|milestone|test|unstable|wip|pr|sha)(?![a-z])/i

/**
 * Orders tags as versions, the newest first: `2.0`, `1.10.0`, `1.9.1`, `1.9.1-rc.1`. A shorter version stands for the
 * newest of its line and comes before it: `1.9`, `1.9.1`, `1.9.0`. Tags that are no version follow, `latest` before all.
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [readVersion(left), readVersion(right)]
  if (a !== undefined && b !== undefined) {
    return (
      compareNumbers(b.numbers, a.numbers) || compareSuffixes(a, b) || compareTexts(left, right)
    )
  }
  if (a !== undefined || b !== undefined)
    return a === undefined ? (left === 'latest' ? -1 : 1) : right === 'latest' ? 1 : -1
  if (left === 'latest' || right === 'latest')
    return left === right ? 0 : left === 'latest' ? -1 : 1
  return compareTexts(left, right)
}

/**
 * Whether the tag names a release: a version of at least two numbers that is no pre-release. `1.21-alpine` is one, since
 * the suffix names a variant; `1.21-rc.1` and `1.21-dev` are none.
 */
export function isRelease(tag: string): boolean {
  const version = readVersion(tag)
  if (version === undefined || version.numbers.length < 2) return false
  return !version.suffix.split(/[._-]/).some((word) => preReleaseWord.test(word))
}

function readVersion(tag: string): Version | undefined {
  const found = versionGrammar.exec(tag)
  if (found === null) return undefined
  return { numbers: (found[1] ?? '').split('.'), suffix: found[2] ?? '' }
}

function compareNumbers(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [x, y] = [a[at], b[at]]
    // The shorter one stands for the newest of its line.
    if (x === undefined || y === undefined) return x === undefined ? 1 : -1
    const difference = compareNumerals(x, y)
    if (difference !== 0) return difference
  }
  return 0
}

/** Of the same numbers: plain before variants before pre-releases; those in the order of semver, the newest first. */
function compareSuffixes(a: Version, b: Version): number {
  const rank = ({ suffix }: Version): number =>
    suffix === '' ? 0 : suffix.split(/[._-]/).some((word) => preReleaseWord.test(word)) ? 2 : 1
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  const [left, right] = [a.suffix.split(/[._-]/), b.suffix.split(/[._-]/)]
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [x, y] = [left[at], right[at]]
    if (x === undefined || y === undefined) return x === undefined ? 1 : -1
    const isNumeral = [/^[0-9]+$/.test(x), /^[0-9]+$/.test(y)]
    if (isNumeral[0] !== isNumeral[1]) return isNumeral[0] === true ? 1 : -1
    const difference = isNumeral[0] === true ? compareNumerals(y, x) : compareTexts(y, x)
    if (difference !== 0) return difference
  }
  return 0
}

/** Numbers of any length, so that a date with a time keeps its last digits. */
function compareNumerals(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+(?=.)/, ''), b.replace(/^0+(?=.)/, '')]
  return x.length - y.length || compareTexts(x, y)
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
