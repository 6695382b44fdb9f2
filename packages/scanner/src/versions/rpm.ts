import { compareDigits, compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

type RpmVersion = {
  readonly epoch: string
  readonly version: string
  readonly release: string | undefined
}

/**
 * `[epoch:]version[-release]`, https://rpm-software-management.github.io/rpm/manual/dependencies.html. As in rpm a
 * version with a release is newer than the same one without.
 */
export const rpm: Scheme<RpmVersion> = {
  read(text) {
    if (!/^[!-~]+$/.test(text)) return undefined
    const epoch = /^\d*:/.exec(text)?.[0] ?? ''
    const rest = text.slice(epoch.length)
    const dash = rest.lastIndexOf('-')
    return {
      epoch: epoch.slice(0, -1) || '0',
      version: dash === -1 ? rest : rest.slice(0, dash),
      release: dash === -1 ? undefined : rest.slice(dash + 1),
    }
  },
  compare(a, b) {
    const difference = compareDigits(a.epoch, b.epoch) || compareSegments(a.version, b.version)
    if (difference !== 0) return difference
    if (a.release === undefined || b.release === undefined) {
      return Number(a.release !== undefined) - Number(b.release !== undefined)
    }
    return compareSegments(a.release, b.release)
  },
}

/** `~` is older than the end, `^` newer than the end and older than anything else, digits are newer than letters. */
function compareSegments(a: string, b: string): number {
  if (a === b) return 0
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    i = skipSeparators(a, i)
    j = skipSeparators(b, j)
    const left = a[i]
    const right = b[j]
    if (left === '~' || right === '~') {
      if (left !== '~') return 1
      if (right !== '~') return -1
      i++
      j++
      continue
    }
    if (left === '^' || right === '^') {
      if (left === undefined) return -1
      if (right === undefined) return 1
      if (left !== '^') return 1
      if (right !== '^') return -1
      i++
      j++
      continue
    }
    if (left === undefined || right === undefined) break
    const isNumber = isDigit(left)
    const endLeft = endOfSegment(a, i, isNumber)
    const endRight = endOfSegment(b, j, isNumber)
    if (endRight === j) return isNumber ? 1 : -1
    const segmentLeft = a.slice(i, endLeft)
    const segmentRight = b.slice(j, endRight)
    const difference = isNumber
      ? compareDigits(segmentLeft, segmentRight)
      : compareText(segmentLeft, segmentRight)
    if (difference !== 0) return difference
    i = endLeft
    j = endRight
  }
  return Number(i < a.length) - Number(j < b.length)
}

function skipSeparators(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const character = text[at] ?? ''
    if (character === '~' || character === '^' || isDigit(character) || isLetter(character)) break
    at++
  }
  return at
}

function endOfSegment(text: string, from: number, isNumber: boolean): number {
  let at = from
  while (at < text.length) {
    const character = text[at] ?? ''
    if (isNumber ? !isDigit(character) : !isLetter(character)) break
    at++
  }
  return at
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9'
}

function isLetter(character: string): boolean {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z')
}
