import { compareDigits, compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

const shape = /^\s*(?:\d+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?\s*$/

/**
 * https://docs.ruby-lang.org/en/master/Gem/Version.html. Segments, digits and letters apart, zeros at the end of the
 * numbers before the first letters and at the very end left out. Written here because the library at hand orders letters
 * by locale.
 */
export const gem: Scheme<readonly string[]> = {
  read(text) {
    if (!shape.test(text)) return undefined
    const segments = text
      .trim()
      .replaceAll('-', '.pre.')
      .match(/\d+|[a-z]+/gi) ?? ['0']
    const firstWord = segments.findIndex((segment) => !isNumber(segment))
    const numbers = firstWord === -1 ? segments : segments.slice(0, firstWord)
    const rest = firstWord === -1 ? [] : segments.slice(firstWord)
    return [...withoutTrailingZeros(numbers), ...withoutTrailingZeros(rest)]
  },
  compare(a, b) {
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
      const left = a[index] ?? '0'
      const right = b[index] ?? '0'
      const isNumberLeft = isNumber(left)
      const isNumberRight = isNumber(right)
      if (isNumberLeft !== isNumberRight) return isNumberLeft ? 1 : -1
      const difference = isNumberLeft ? compareDigits(left, right) : compareText(left, right)
      if (difference !== 0) return difference
    }
    return 0
  },
}

function withoutTrailingZeros(segments: readonly string[]): readonly string[] {
  return segments.slice(0, segments.findLastIndex((segment) => !/^0+$/.test(segment)) + 1)
}

function isNumber(segment: string): boolean {
  return /^\d/.test(segment)
}
