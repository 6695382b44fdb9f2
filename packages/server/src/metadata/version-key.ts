/** `v1.2.3-rc.1`, `1.21-alpine`, `9`: numbers, and what follows them without its separator. */
const versionGrammar = /^[vV]?([0-9]+(?:\.[0-9]+){0,5})(?:[-_.]([0-9A-Za-z][0-9A-Za-z._-]*))?$/
/** `2026-07-01`, `2026.7`, `20260701`, `20260701120000`: a year of our time, and what may follow it. */
const dateGrammar =
  /^[vV]?((?:199|20[0-9])[0-9])(?:([01][0-9])([0-3][0-9])((?:[0-9]{2}){0,3}))?(?![0-9])[-_.]?(.*)$/
const preReleaseWord =
  /^(?:alpha|beta|a|b|c|rc|cr|pre|preview|dev|develop|snapshot|nightly|canary|next|edge|ea|m|milestone|test|unstable|wip|pr|sha)(?![a-z])/i

const classes = { version: '3', date: '2', latest: '1', rest: '0' } as const
/** Behind the numbers: larger than a digit, so that `1.9` stands above `1.9.1`, as the newest of its line. */
const endOfNumbers = '~'
/** Behind a word: smaller than any of its characters, so that `rc` comes before `rc1`. */
const endOfWord = '!'

/**
 * A text that sorts by bytes as the tag does among versions, the oldest first: those that are no version at the bottom
 * (in the reverse order of their names, so that the newest-first list has them by name), then `latest`, dates, and semantic
 * versions, pre-releases below their release and variants such as `1.21-alpine` between the two.
 */
export function versionKeyOf(tag: string): string {
  if (tag === 'latest') return classes.latest
  const date = dateGrammar.exec(tag)
  const dated = date && dateKey(date)
  if (dated) return `${classes.date}${dated}`
  const version = versionGrammar.exec(tag)
  if (version !== null) {
    const [, numbers = '', suffix = ''] = version
    return `${classes.version}${keyOf(numbers.split('.'), suffix)}`
  }
  return `${classes.rest}${invert(tag)}`
}

/** `undefined` for a year alone, which may as well be the number of a build. */
function dateKey([, year = '', month, day, time = '', rest = '']: RegExpExecArray) {
  const numbers = [year]
  if (month !== undefined && day !== undefined) numbers.push(month, day)
  if (time !== '') numbers.push(time)
  // What stands behind separators goes on counting: 2026-07-01, 2026.7.1.
  const words = rest === '' ? [] : rest.split(/[._-]/)
  const first = time === '' ? words.findIndex((word) => !/^[0-9]+$/.test(word)) : 0
  numbers.push(...words.splice(0, first === -1 ? words.length : first))
  return numbers.length === 1 ? undefined : keyOf(numbers, words.join('.'))
}

function keyOf(numbers: readonly string[], suffix: string): string {
  const words = suffix === '' ? [] : suffix.split(/[._-]/)
  const rank =
    words.length === 0 ? '2' : words.some((word) => preReleaseWord.test(word)) ? '0' : '1'
  return `${numbers.map(numeralKey).join('')}${endOfNumbers}${rank}${words.map(wordKey).join('')}`
}

/** Numbers before words, as semantic versioning has it. */
function wordKey(word: string): string {
  return /^[0-9]+$/.test(word) ? `0${numeralKey(word)}` : `1${word}${endOfWord}`
}

/** By length, then by digits: numbers of any length compare. A tag has at most 128 characters, so two digits are enough. */
function numeralKey(digits: string): string {
  const plain = digits.replace(/^0+(?=.)/, '')
  return plain.length.toString(16).padStart(2, '0') + plain
}

function invert(name: string): string {
  let inverted = ''
  for (let at = 0; at < name.length; at += 1) {
    inverted += String.fromCharCode(0x9e - name.charCodeAt(at))
  }
  // Above all that a longer name goes on with.
  return `${inverted}~`
}
