import type { Random } from '../faults/random.ts'

const repeatMax = 3
const anyCharacter = Array.from('abcxyz0189-_. /é€')

/**
 * A text that matches a regular expression, as far as the expression uses what names and formats use: literals, classes,
 * groups, alternatives, quantifiers and anchors. What looks ahead or behind is skipped, so the caller checks the outcome.
 */
export function textOfPattern(pattern: string, random: Random): string {
  return new Generator(pattern, random).alternatives()
}

class Generator {
  readonly #pattern: string
  readonly #random: Random
  #at = 0

  constructor(pattern: string, random: Random) {
    this.#pattern = pattern
    this.#random = random
  }

  /** Every alternative is made, since making one is reading it; one of them is kept. */
  alternatives(): string {
    const texts = [this.#sequence()]
    while (this.#pattern[this.#at] === '|') {
      this.#at += 1
      texts.push(this.#sequence())
    }
    return this.#random.pick(texts)
  }

  #sequence(): string {
    let text = ''
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at] ?? '')) {
      const start = this.#at
      const first = this.#atom()
      const afterAtom = this.#at
      const { from, to } = this.#quantifier()
      const afterQuantifier = this.#at
      const count = this.#random.between(from, Math.min(to, from + repeatMax))
      let repeated = count === 0 ? '' : first
      for (let made = 1; made < count; made += 1) {
        this.#at = start
        repeated += this.#atom()
        if (this.#at !== afterAtom) throw new Error(`cannot read ${this.#pattern}`)
      }
      this.#at = afterQuantifier
      text += repeated
    }
    return text
  }

  #atom(): string {
    const character = this.#pattern[this.#at] ?? ''
    this.#at += 1
    switch (character) {
      case '^':
      case '$':
        return ''
      case '.':
        return this.#random.pick(anyCharacter)
      case '(':
        return this.#group()
      case '[':
        return this.#class()
      case '\\':
        return this.#random.pick(this.#escape())
      default:
        return character
    }
  }

  #group(): string {
    const opening = /^\?(?::|<\w+>|[=!]|<[=!])/.exec(this.#pattern.slice(this.#at))?.[0] ?? ''
    this.#at += opening.length
    const text = this.alternatives()
    this.#at += 1
    return /[=!]$/.test(opening) ? '' : text
  }

  #class(): string {
    const isNegated = this.#pattern[this.#at] === '^'
    if (isNegated) this.#at += 1
    const members = new Set<string>()
    while (this.#pattern[this.#at] !== ']') {
      const from = this.#classMember()
      const isRange = this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']'
      if (!isRange) {
        for (const member of from) members.add(member)
        continue
      }
      this.#at += 1
      const [to = ''] = this.#classMember()
      const [first = ''] = from
      for (let code = first.codePointAt(0) ?? 0; code <= (to.codePointAt(0) ?? 0); code += 1) {
        members.add(String.fromCodePoint(code))
        if (members.size > 300) break
      }
    }
    this.#at += 1
    const choices = isNegated ? anyCharacter.filter((one) => !members.has(one)) : [...members]
    return this.#random.pick(choices)
  }

  #classMember(): string[] {
    const character = this.#pattern[this.#at] ?? ''
    this.#at += 1
    return character === '\\' ? this.#escape() : [character]
  }

  #escape(): string[] {
    const character = this.#pattern[this.#at] ?? ''
    this.#at += 1
    switch (character) {
      case 'd':
        return Array.from('0123456789')
      case 'w':
        return Array.from('abcxyzABC0189_')
      case 's':
        return [' ']
      case 'u': {
        const hex = /^(?:\{([0-9a-f]+)\}|([0-9a-f]{4}))/i.exec(this.#pattern.slice(this.#at))
        this.#at += hex?.[0].length ?? 0
        return [String.fromCodePoint(Number.parseInt(hex?.[1] ?? hex?.[2] ?? '61', 16))]
      }
      case 'x': {
        const hex = this.#pattern.slice(this.#at, this.#at + 2)
        this.#at += 2
        return [String.fromCodePoint(Number.parseInt(hex, 16))]
      }
      default:
        return [character]
    }
  }

  #quantifier(): { from: number; to: number } {
    const match = /^(?:[?*+]|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#at))
    if (match === null) return { from: 1, to: 1 }
    this.#at += match[0].length
    if (match[0].startsWith('?')) return { from: 0, to: 1 }
    if (match[0].startsWith('*')) return { from: 0, to: repeatMax }
    if (match[0].startsWith('+')) return { from: 1, to: repeatMax }
    const from = Number(match[1])
    if (match[2] === '') return { from, to: from }
    return { from, to: match[3] === '' ? from + repeatMax : Number(match[3]) }
  }
}
