/**
 * Reads JSON from strangers, strictly, in one pass. `JSON.parse` will not do. It keeps the last of two equal keys
 * without a word (other parsers keep the first, so two programs would read two different documents), it rounds large
 * numbers, it takes any depth, and V8's reads some escaped keys wrong once another document prepared the ground:
 * after `{"a":0,"\\":0}` it takes `{"a":0,"\u0062":0}` for the former (nodejs/node#63785).
 */
import { OciError, quote } from './oci-error.ts'

export type JsonObject = Readonly<Record<string, unknown>>

const depthMax = 64
const keysMax = 10_000
// As many descriptors as fit into 4 MiB stay below.
const valuesMax = 160_000
const numberMax = 400
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The JSON value of UTF-8 bytes. A key `__proto__` is a key like any other. Takes linear time.
 * Throws `manifestInvalid` when the bytes are not UTF-8 or not JSON, when a key occurs twice in one object (however
 * it is escaped), when a number is beyond 2^53 - 1 either way, when nesting is deeper than 64 levels, when one object
 * has more than 10,000 keys, or when there are more than 160,000 members and items in all.
 */
export function parseGuardedJson(payload: Uint8Array): unknown {
  if (payload.length === 0) throw fault('', 'is empty')
  return new Reader(decode(payload)).read()
}

/** Whether a JSON value is an object, which an array and null are not. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The path of a member, as in `config.size` or `annotations["a.b"]`. A long key is cut. */
export function memberPath(path: string, key: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key)) return `${path}[${quote(key)}]`
  return path === '' ? key : `${path}.${key}`
}

const doubleQuote = 0x22
const comma = 0x2c
const minus = 0x2d
const digit0 = 0x30
const digit9 = 0x39
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const literals: readonly [text: string, value: unknown][] = [
  ['true', true],
  ['false', false],
  ['null', null],
]
const numberGrammar = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

class Reader {
  readonly #text: string
  #at = 0
  #values = 0
  /** The key or the index that is being read in each open object or array. */
  readonly #trail: (string | number)[] = []

  constructor(text: string) {
    this.#text = text
  }

  read(): unknown {
    const value = this.#readValue()
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#unexpected()
    return value
  }

  #readValue(): unknown {
    this.#skipSpace()
    this.#values += 1
    if (this.#values > valuesMax) {
      throw fault('', `holds more than ${valuesMax} members and items`)
    }
    const code = this.#text.charCodeAt(this.#at)
    if (code === doubleQuote) return this.#readString()
    if (code === openBrace) return this.#readObject()
    if (code === openBracket) return this.#readArray()
    if (code === minus || isDigit(code)) return this.#readNumber()
    for (const [text, value] of literals) {
      if (!this.#text.startsWith(text, this.#at)) continue
      this.#at += text.length
      return value
    }
    throw this.#unexpected()
  }

  #readObject(): JsonObject {
    const object: Record<string, unknown> = {}
    const level = this.#enter()
    let keys = 0
    if (!this.#take(closeBrace)) {
      do {
        this.#skipSpace()
        if (this.#text.charCodeAt(this.#at) !== doubleQuote) throw this.#unexpected()
        const key = this.#readString()
        this.#trail[level] = key
        keys += 1
        if (Object.hasOwn(object, key)) throw fault(this.#path(level + 1), 'occurs twice')
        if (keys > keysMax) throw fault(this.#path(level), `has more than ${keysMax} keys`)
        if (!this.#take(colon)) throw this.#unexpected()
        setMember(object, key, this.#readValue())
      } while (this.#take(comma))
      if (!this.#take(closeBrace)) throw this.#unexpected()
    }
    this.#trail.pop()
    return object
  }

  #readArray(): unknown[] {
    const array: unknown[] = []
    const level = this.#enter()
    if (!this.#take(closeBracket)) {
      do {
        this.#trail[level] = array.length
        array.push(this.#readValue())
      } while (this.#take(comma))
      if (!this.#take(closeBracket)) throw this.#unexpected()
    }
    this.#trail.pop()
    return array
  }

  /** Steps over an opening bracket; gives the place in the trail of what is inside. */
  #enter(): number {
    this.#at += 1
    const level = this.#trail.push('') - 1
    if (level >= depthMax) throw fault('', `is nested deeper than ${depthMax} levels`)
    return level
  }

  #readString(): string {
    const text = this.#text
    const start = this.#at
    let escaped = false
    for (let at = start + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === doubleQuote) {
        this.#at = at + 1
        return escaped ? this.#unescape(start) : text.slice(start + 1, at)
      }
      if (code === backslash) {
        escaped = true
        at += 1
      } else if (code < 0x20) {
        this.#at = at
        throw this.#unexpected()
      }
    }
    this.#at = text.length
    throw this.#unexpected()
  }

  /** `JSON.parse` is right about a lone string. */
  #unescape(start: number): string {
    try {
      return String(JSON.parse(this.#text.slice(start, this.#at)))
    } catch {
      this.#at = start
      throw this.#notJson(`the string at character ${start} has a wrong escape`)
    }
  }

  #readNumber(): number {
    const start = this.#at
    while (this.#at < this.#text.length && isNumberPart(this.#text.charCodeAt(this.#at))) {
      this.#at += 1
    }
    const text = this.#text.slice(start, this.#at)
    const number = Number(text)
    if (text.length > numberMax || Math.abs(number) > Number.MAX_SAFE_INTEGER) {
      throw fault(this.#path(this.#trail.length), 'is a number too large or too long')
    }
    if (!numberGrammar.test(text)) throw this.#notJson(`the number at character ${start} is wrong`)
    return number
  }

  /** Steps over the character if it is the next one after any space. */
  #take(code: number): boolean {
    this.#skipSpace()
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at += 1
    return true
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1
  }

  #unexpected(): OciError {
    if (this.#at >= this.#text.length) return this.#notJson('it ends too early')
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    return this.#notJson(`${quote(character)} at character ${this.#at} does not belong there`)
  }

  #notJson(reason: string): OciError {
    return fault('', `is not JSON: ${reason}`)
  }

  #path(levels: number): string {
    let path = ''
    for (const step of this.#trail.slice(0, levels)) {
      path = typeof step === 'number' ? `${path}[${step}]` : memberPath(path, step)
    }
    return path
  }
}

function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else {
    const member = { value, writable: true, enumerable: true, configurable: true }
    Object.defineProperty(object, key, member)
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isDigit(code: number): boolean {
  return code >= digit0 && code <= digit9
}

/** A digit or one of `+-.eE`: everything that can make a number longer. */
function isNumberPart(code: number): boolean {
  return (
    isDigit(code) ||
    code === 0x2b ||
    code === minus ||
    code === 0x2e ||
    code === 0x65 ||
    code === 0x45
  )
}

function decode(payload: Uint8Array): string {
  try {
    return decoder.decode(payload)
  } catch {
    throw fault('', 'is not valid UTF-8')
  }
}

function fault(path: string, text: string): OciError {
  const subject = path === '' ? 'it' : path
  return new OciError('manifestInvalid', `The manifest is not valid: ${subject} ${text}.`, [
    { path, fault: text },
  ])
}
