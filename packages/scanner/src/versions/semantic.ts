import { compareDigits, compareText } from './digits.ts'

/** The parts of https://semver.org that have an order. Numbers stay text, since no length is forbidden. */
export type SemanticVersion = {
  readonly numbers: readonly string[]
  readonly prerelease: readonly string[]
}

const number = '(?:0|[1-9][0-9]*)'
const identifier = '(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)'
const build = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const shape = new RegExp(
  `^(${number})\\.(${number})\\.(${number})(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+${build})?$`,
)

/** https://semver.org to the letter: three numbers without leading zeros. `undefined` for everything else. */
export function readSemantic(text: string): SemanticVersion | undefined {
  const match = shape.exec(text)
  if (match === null) return undefined
  const [, major = '', minor = '', patch = '', prerelease] = match
  return { numbers: [major, minor, patch], prerelease: prerelease?.split('.') ?? [] }
}

/** https://semver.org, item 11: build metadata has no rank. */
export function compareSemantic(a: SemanticVersion, b: SemanticVersion): number {
  for (const [index, number] of a.numbers.entries()) {
    const difference = compareDigits(number, b.numbers[index] ?? '')
    if (difference !== 0) return difference
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Number(a.prerelease.length === 0) - Number(b.prerelease.length === 0)
  }
  for (let index = 0; index < Math.min(a.prerelease.length, b.prerelease.length); index++) {
    const difference = compareIdentifiers(a.prerelease[index] ?? '', b.prerelease[index] ?? '')
    if (difference !== 0) return difference
  }
  return a.prerelease.length - b.prerelease.length
}

function compareIdentifiers(a: string, b: string): number {
  const isNumberLeft = /^\d+$/.test(a)
  const isNumberRight = /^\d+$/.test(b)
  if (isNumberLeft !== isNumberRight) return isNumberLeft ? -1 : 1
  return isNumberLeft ? compareDigits(a, b) : compareText(a, b)
}
