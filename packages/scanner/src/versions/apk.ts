import { compareDigits, compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

/** Kinds in the order in which they may follow one another; the later kind is the older version when the rest is equal. */
const kinds = ['first', 'number', 'letter', 'suffix', 'suffixNumber', 'hash', 'revision'] as const
type Token = { readonly kind: (typeof kinds)[number]; readonly text: string }

const suffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p']
const release = suffixes.indexOf('')

const shape =
  /^(?<first>\d+)(?<numbers>(?:\.\d+)*)(?<letter>[a-z])?(?<suffixes>(?:_[a-z]+\d*)*)(?:~(?<hash>[0-9a-f]+))?(?:-r(?<revision>\d+))?$/

/** Alpine's order, as `apk version -t` of apk-tools 3 has it. */
export const apk: Scheme<readonly Token[]> = {
  read(text) {
    const groups = shape.exec(text)?.groups
    if (groups === undefined) return undefined
    const tokens: Token[] = [{ kind: 'first', text: groups['first'] ?? '' }]
    for (const number of (groups['numbers'] ?? '').split('.').slice(1)) {
      tokens.push({ kind: 'number', text: number })
    }
    if (groups['letter'] !== undefined) tokens.push({ kind: 'letter', text: groups['letter'] })
    for (const suffix of (groups['suffixes'] ?? '').split('_').slice(1)) {
      const name = /^[a-z]+/.exec(suffix)?.[0] ?? ''
      if (!suffixes.includes(name)) return undefined
      tokens.push({ kind: 'suffix', text: name })
      if (name.length < suffix.length) {
        tokens.push({ kind: 'suffixNumber', text: suffix.slice(name.length) })
      }
    }
    if (groups['hash'] !== undefined) tokens.push({ kind: 'hash', text: groups['hash'] })
    if (groups['revision'] !== undefined) {
      tokens.push({ kind: 'revision', text: groups['revision'] })
    }
    return tokens
  },
  compare(a, b) {
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
      const left = a[index]
      const right = b[index]
      if (left?.kind !== right?.kind) return compareKinds(left, right)
      if (left === undefined || right === undefined) return 0
      const difference = compareTokens(left, right)
      if (difference !== 0) return difference
    }
    return 0
  },
}

function compareTokens(a: Token, b: Token): number {
  switch (a.kind) {
    case 'number':
      // Like a decimal fraction: 1.06 is older than 1.1.
      return a.text.startsWith('0') || b.text.startsWith('0')
        ? compareText(a.text, b.text)
        : compareDigits(a.text, b.text)
    case 'suffix':
      return suffixes.indexOf(a.text) - suffixes.indexOf(b.text)
    case 'letter':
    case 'hash':
      return compareText(a.text, b.text)
    case 'first':
    case 'suffixNumber':
    case 'revision':
      return compareDigits(a.text, b.text)
  }
}

/** Everything before is equal: one goes on where the other ends or says something of another kind. */
function compareKinds(a: Token | undefined, b: Token | undefined): number {
  if (isBeforeRelease(a)) return -1
  if (isBeforeRelease(b)) return 1
  return rank(b) - rank(a)
}

function isBeforeRelease(token: Token | undefined): boolean {
  return token?.kind === 'suffix' && suffixes.indexOf(token.text) < release
}

function rank(token: Token | undefined): number {
  return token === undefined ? kinds.length : kinds.indexOf(token.kind)
}
