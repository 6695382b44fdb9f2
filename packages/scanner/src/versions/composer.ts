import { compareDigits } from './digits.ts'
import type { Scheme } from './scheme.ts'

const modifier =
  '[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)([.-]?\\d+(?:[.-]\\d+)*)?)?([.-]?dev)?'
const classical = new RegExp(`^v?(\\d{1,5})(\\.\\d+)?(\\.\\d+)?(\\.\\d+)?${modifier}$`)
const dated = new RegExp(`^v?(\\d{4}(?:[.:-]?\\d{2}){1,6}(?:[.:-]?\\d{1,3})?)${modifier}$`)
const branch = /^v?(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?[.-]?dev$/
/** What composer puts for the open numbers of a branch such as `1.x-dev`. */
const newest = '9999999'

/** In the order of PHP's version_compare; `number` is what stands there when nothing or a number does. */
const stages = ['dev', 'alpha', 'beta', 'rc', 'number', 'patch']
const stageOfWord: Readonly<Record<string, string>> = {
  a: 'alpha',
  b: 'beta',
  p: 'patch',
  pl: 'patch',
}

/**
 * https://getcomposer.org/doc/articles/versions.md, as composer/semver normalises and compares. A branch without a number
 * (`dev-master`) has no place in the order and is not read.
 */
export const composer: Scheme<readonly string[]> = {
  read(text) {
    const version = text
      .trim()
      .toLowerCase()
      .replace(/@(?:stable|rc|beta|alpha|dev)$/, '')
    if (version.startsWith('dev-')) return undefined
    const plain = /^([^,\s+]+)\+\S+$/.exec(version)?.[1] ?? version
    const release = classical.exec(plain)
    if (release !== null) {
      const [, major = '', minor = '.0', patch = '.0', fourth = '.0', ...rest] = release
      return [...`${major}${minor}${patch}${fourth}`.split('.'), ...parts(rest)]
    }
    const date = dated.exec(plain)
    if (date !== null) return [...(date[1] ?? '').split(/\D/), ...parts(date.slice(2))]
    const open = branch.exec(plain)
    if (open === null) return undefined
    return [...open.slice(1, 5).map((part) => (isNumber(part) ? part : newest)), 'dev']
  },
  compare(a, b) {
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
      const left = a[index]
      const right = b[index]
      const difference = stageOf(left) - stageOf(right)
      if (difference !== 0) return difference
      if (left === undefined || right === undefined) {
        if (left !== right) return left === undefined ? -1 : 1
      } else if (isNumber(left)) {
        const byNumber = compareDigits(left, right)
        if (byNumber !== 0) return byNumber
      }
    }
    return 0
  },
}

function parts(modifiers: readonly (string | undefined)[]): string[] {
  const [word, numbers, dev] = modifiers
  if (word === 'stable') return []
  const found = word === undefined ? [] : [stageOfWord[word] ?? word]
  found.push(...(numbers?.match(/\d+/g) ?? []))
  if (dev !== undefined) found.push('dev')
  return found
}

function stageOf(part: string | undefined): number {
  return stages.indexOf(part === undefined || isNumber(part) ? 'number' : part)
}

function isNumber(part: string | undefined): part is string {
  return part !== undefined && /^\d+$/.test(part)
}
