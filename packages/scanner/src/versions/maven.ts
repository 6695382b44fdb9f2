import { compareDigits, compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

/** A number, a word, or what follows a hyphen or a change between digits and letters. */
type Item =
  | { readonly type: 'number'; readonly digits: string }
  | { readonly type: 'word'; readonly word: string }
  | List
type List = { readonly type: 'list'; readonly items: Item[] }

/** Newer Maven refuses longer ones; it also bounds how deep lists nest. */
const maximumLength = 256
/** In order; the empty word is a release. Words that are not here are newer than all of them. */
const words = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const release = words.indexOf('')
const otherSpellings: Readonly<Record<string, string>> = {
  ga: '',
  final: '',
  release: '',
  cr: 'rc',
}
const beforeDigits: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' }

/** https://maven.apache.org/pom.html#version-order-specification, as `ComparableVersion` of Maven 3.9 and 3.10 has it. */
export const maven: Scheme<List> = {
  read: (text) =>
    text.length <= maximumLength && /^[ -~]+$/.test(text) ? new Reader(text).read() : undefined,
  compare: compareLists,
}

class Reader {
  readonly #text: string
  readonly #root: List = { type: 'list', items: [] }
  readonly #lists = [this.#root]
  #items = this.#root.items
  /** Of the part that is being read. */
  #start = 0
  /** Of the last character that was no separator. */
  #isDigit = false

  constructor(text: string) {
    this.#text = text.toLowerCase()
  }

  read(): List {
    for (let at = 0; at < this.#text.length; at++) {
      const character = this.#text[at] ?? ''
      if (character === '.' || character === '-') {
        this.#add(at)
        this.#start = at + 1
        if (character === '-') this.#nest()
      } else {
        this.#change(at, character >= '0' && character <= '9')
      }
    }
    if (this.#start < this.#text.length) {
      if (!this.#isDigit) this.#nestUnlessEmpty()
      this.#add(this.#text.length)
    }
    for (const list of this.#lists.toReversed()) withoutTrailingNothing(list)
    return this.#root
  }

  /** From letters to digits or back: as good as a hyphen. */
  #change(at: number, isDigit: boolean): void {
    if (isDigit !== this.#isDigit && at > this.#start) {
      if (isDigit) this.#nestUnlessEmpty()
      this.#add(at, isDigit)
      this.#start = at
      this.#nest()
    }
    this.#isDigit = isDigit
  }

  #add(end: number, isBeforeDigits = false): void {
    const part = this.#text.slice(this.#start, end)
    if (part === '' || this.#isDigit) {
      this.#items.push({ type: 'number', digits: part })
    } else {
      const word = (isBeforeDigits ? beforeDigits[part] : undefined) ?? part
      this.#items.push({ type: 'word', word: otherSpellings[word] ?? word })
    }
  }

  /** `1.0.x1` is `1.0-x1`. */
  #nestUnlessEmpty(): void {
    if (this.#items.length > 0) this.#nest()
  }

  #nest(): void {
    const list: List = { type: 'list', items: [] }
    this.#items.push(list)
    this.#lists.push(list)
    this.#items = list.items
  }
}

/** Zeros, words for a release and empty lists at the end say nothing, even before a list that stays. */
function withoutTrailingNothing({ items }: List): void {
  for (let at = items.length - 1; at >= 0; at--) {
    const item = items[at]
    if (item === undefined) continue
    if (isNothing(item)) items.splice(at, 1)
    else if (item.type !== 'list') return
  }
}

function isNothing(item: Item): boolean {
  return item.type === 'list' ? item.items.length === 0 : compareToNothing(item) === 0
}

function compareLists(a: List, b: List): number {
  for (let index = 0; index < Math.max(a.items.length, b.items.length); index++) {
    const difference = compareItems(a.items[index], b.items[index])
    if (difference !== 0) return difference
  }
  return 0
}

/** A number is newer than a list, a list newer than a word. */
const ranks = { word: 0, list: 1, number: 2 }

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -compareToNothing(b)
  if (b === undefined) return compareToNothing(a)
  if (a.type === 'number' && b.type === 'number') return compareDigits(a.digits, b.digits)
  if (a.type === 'word' && b.type === 'word') return compareWords(a.word, b.word)
  if (a.type === 'list' && b.type === 'list') return compareLists(a, b)
  return ranks[a.type] - ranks[b.type]
}

function compareToNothing(item: Item): number {
  switch (item.type) {
    case 'number':
      return compareDigits(item.digits, '')
    case 'word':
      return rank(item.word) - release
    case 'list':
      for (const each of item.items) {
        const difference = compareToNothing(each)
        if (difference !== 0) return difference
      }
      return 0
  }
}

function compareWords(a: string, b: string): number {
  const difference = rank(a) - rank(b)
  return difference === 0 && !words.includes(a) ? compareText(a, b) : difference
}

function rank(word: string): number {
  const at = words.indexOf(word)
  return at === -1 ? words.length : at
}
