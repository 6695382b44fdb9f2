import { compareDigits, compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

/** A number, a word, a word with a number (`rc1`), or a list of these that stands behind a hyphen. */
type Item =
  | { readonly type: 'number'; readonly digits: string }
  | { readonly type: 'word'; readonly word: string }
  | { readonly type: 'numbered'; readonly word: string; readonly digits: string }
  | { readonly type: 'list'; readonly items: Item[] }
type List = Extract<Item, { type: 'list' }>

/** Maven refuses longer ones; it also bounds how deep lists nest. */
const maximumLength = 256
const words = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const released = words.indexOf('')
const releaseWords = new Set(['ga', 'final', 'release'])
const shortWords: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' }

/** https://maven.apache.org/pom.html#version-order-specification, as ComparableVersion of Maven 4 has it. */
export const maven: Scheme<List> = {
  read: (text) => (text.length <= maximumLength && /^[ -~]+$/.test(text) ? parse(text) : undefined),
  compare: compareLists,
}

function parse(text: string): List {
  const version = text.toLowerCase()
  const root: List = { type: 'list', items: [] }
  const open = [root]
  let list = root
  let start = 0
  let isDigits = false
  let isNumbered = false
  const nest = (): void => {
    const inner: List = { type: 'list', items: [] }
    list.items.push(inner)
    open.push(inner)
    list = inner
  }
  const add = (end: number): void => {
    list.items.push(
      end === start ? { type: 'number', digits: '0' } : item(version.slice(start, end)),
    )
  }
  const item = (part: string): Item => {
    if (isNumbered) return numbered(part.replaceAll('-', ''))
    return isDigits ? { type: 'number', digits: part } : { type: 'word', word: canonical(part) }
  }
  for (let at = 0; at < version.length; at++) {
    const character = version[at] ?? ''
    if (character === '.') {
      add(at)
      isNumbered = false
      start = at + 1
    } else if (character === '-') {
      // `rc-1` is `rc1`.
      if (at > start && !isDigits && /\d/.test(version[at + 1] ?? '')) {
        isNumbered = true
        continue
      }
      add(at)
      start = at + 1
      nest()
      isNumbered = false
    } else if (character >= '0' && character <= '9') {
      if (!isDigits && at > start) {
        isNumbered = true
        if (list.items.length > 0) nest()
      }
      isDigits = true
    } else {
      if (isDigits && at > start) {
        add(at)
        start = at
        nest()
        isNumbered = false
      }
      isDigits = false
    }
  }
  if (version.length > start) {
    // `1.0.x` is `1.0-x`.
    if (!isDigits && list.items.length > 0) nest()
    add(version.length)
  }
  for (const each of open.toReversed()) normalise(each)
  return root
}

function numbered(part: string): Item {
  const word = /^\D*/.exec(part)?.[0] ?? ''
  return {
    type: 'numbered',
    word: canonical(shortWords[word] ?? word),
    digits: part.slice(word.length),
  }
}

function canonical(word: string): string {
  return word === 'cr' ? 'rc' : word
}

/** Takes out what says nothing: zeros before a word or at the end, and lists with nothing in them. */
function normalise(list: List): void {
  const { items } = list
  for (let at = items.length - 1; at >= 0; at--) {
    const next = items[at + 1]
    const follower = next?.type === 'list' ? next.items[0] : next
    const isBeforeWord =
      follower?.type === 'word' || (next?.type === 'list' && follower?.type === 'numbered')
    if (isNothing(items[at]) && (next === undefined || isBeforeWord)) items.splice(at, 1)
  }
  const only = items.length === 1 ? items[0] : undefined
  if (only?.type === 'list') list.items.splice(0, 1, ...only.items)
}

function isNothing(item: Item | undefined): boolean {
  if (item?.type === 'number') return /^0+$/.test(item.digits)
  return item?.type === 'list' && item.items.length === 0
}

function compareLists(a: List, b: List): number {
  for (let index = 0; index < Math.max(a.items.length, b.items.length); index++) {
    const difference = compareItems(a.items[index], b.items[index])
    if (difference !== 0) return difference
  }
  return 0
}

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -compareToNothing(b)
  if (b === undefined) return compareToNothing(a)
  if (a.type === 'number' && b.type === 'number') return compareDigits(a.digits, b.digits)
  if (a.type === 'number') return 1
  if (b.type === 'number') return -1
  if (a.type === 'list') return b.type === 'list' ? compareLists(a, b) : compareListToWord(a, b)
  if (b.type === 'list') return -compareListToWord(b, a)
  const difference = compareWords(a.word, b.word)
  if (difference !== 0) return difference
  if (a.type === 'word' && b.type === 'word') return 0
  if (a.type === 'numbered' && b.type === 'numbered') return compareDigits(a.digits, b.digits)
  // `rc1` is newer than `rc`; of `final0` and `final` neither is.
  if (compareWords(a.word, '') !== 0) return a.type === 'numbered' ? 1 : -1
  return compareDigits(a.type === 'numbered' ? a.digits : '', b.type === 'numbered' ? b.digits : '')
}

function compareToNothing(item: Item): number {
  switch (item.type) {
    case 'number':
      return compareDigits(item.digits, '')
    case 'word':
      return compareWords(item.word, '')
    case 'numbered':
      return compareWords(item.word, '') || compareDigits(item.digits, '')
    case 'list':
      return compareAllToNothing(item.items)
  }
}

function compareAllToNothing(items: readonly Item[]): number {
  for (const item of items) {
    const difference = compareToNothing(item)
    if (difference !== 0) return difference
  }
  return 0
}

function compareListToWord(list: List, word: Item): number {
  return compareItems(list.items[0], word) || compareAllToNothing(list.items.slice(1))
}

function compareWords(a: string, b: string): number {
  const left = rank(a)
  const right = rank(b)
  if (left !== right) return left - right
  return left === words.length ? compareText(a, b) : 0
}

/** Words that Maven does not know stand together after those that it knows. */
function rank(word: string): number {
  if (releaseWords.has(word)) return released
  const at = words.indexOf(word)
  return at === -1 ? words.length : at
}
