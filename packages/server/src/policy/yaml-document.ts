/** Reads YAML (and so JSON) into plain values, remembering where each one stands. Nothing in it can grow. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  stringify,
  type YAMLMap,
} from 'yaml'

/** Counted after aliases are followed, so that a few lines cannot stand for millions of values. */
const valuesMax = 20_000
const depthMax = 12
const faultsMax = 20
const bracketsMax = 30
/** Of characters that part one value from the next: what a parser spends its time on. */
const marksMax = 12_000
const marks = /[,[{:?&*!|>#\r\n]|-\s/g
const quotes = /["']/g
/** Indented further than anyone reads, or a list in a list in a list. */
const deepLine = /^(?: {100}|(?:\s*[-?] ){12})/

type YamlFault = { readonly place: string; readonly message: string }

export type YamlDocument = {
  readonly value: unknown
  /** What is wrong with the YAML itself; then `value` is `undefined`. */
  readonly faults: readonly YamlFault[]
  /** `line 3, column 5` of a value, or of the nearest that there is above it. */
  placeOf(path: readonly PropertyKey[]): string
}

/** Writes plain values as people would, without aliases. */
export function writeYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 100 })
}

/** Never throws: what is wrong comes back as faults. */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter()
  const reader = new Reader(lines)
  const value = reader.read(text)
  return {
    value: reader.faults.length > 0 ? undefined : value,
    faults: reader.faults,
    placeOf: (path) => reader.placeOf(path),
  }
}

class Reader {
  readonly faults: YamlFault[] = []
  readonly #lines: LineCounter
  readonly #offsets = new Map<string, number>()
  /** Those set so far. The library looks through the whole document for each alias. */
  readonly #anchors = new Map<string, Node>()
  #aliases = 0
  #values = 0

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  read(text: string): unknown {
    const document = this.#parse(text)
    if (!document) return undefined
    for (const { message, pos } of [...document.errors, ...document.warnings]) {
      this.#fault(pos[0], `not valid YAML: ${message}`)
    }
    if (this.faults.length > 0 || document.contents === null) return null
    return this.#value(document.contents, [])
  }

  placeOf(path: readonly PropertyKey[]): string {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = this.#offsets.get(keyOf(path.slice(0, length)))
      if (offset !== undefined) return this.#place(offset)
    }
    return this.#place(0)
  }

  #parse(text: string) {
    const deep = tooDeepAt(text)
    if (deep !== undefined) {
      this.#fault(0, `nested too deeply, on line ${deep}`)
      return undefined
    }
    const count = countOf(text, marks) + countOf(text, quotes) / 2
    if (count > marksMax) {
      this.#fault(0, `more than ${marksMax} lines, items and keys`)
      return undefined
    }
    try {
      return parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        schema: 'core',
        // Its own check is quadratic; see `#object`.
        uniqueKeys: false,
        // A tag could make anything of a value.
        resolveKnownTags: false,
      })
    } catch {
      // Thousands of nested brackets exhaust the parser's stack.
      this.#fault(0, 'nested too deeply')
      return undefined
    }
  }

  #value(node: Node, path: readonly PropertyKey[]): unknown {
    this.#values += 1
    const offset = offsetOf(node)
    if (this.#values > valuesMax || path.length > depthMax) {
      if (this.#values <= valuesMax + 1) {
        this.#fault(offset, `more than ${valuesMax} values or ${depthMax} levels`)
      }
      this.#values = valuesMax + 1
      return undefined
    }
    if (!this.#offsets.has(keyOf(path))) this.#offsets.set(keyOf(path), offset)
    if (isAlias(node)) return this.#aliased(node.source, path, offset)
    // Inside of what an alias stands for nothing is set anew.
    if (this.#aliases === 0 && 'anchor' in node && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node)
    }
    if (isScalar(node)) return node.value
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        isNode(item) ? this.#value(item, [...path, index]) : null,
      )
    }
    return isMap(node) ? this.#object(node, path) : undefined
  }

  #aliased(name: string, path: readonly PropertyKey[], offset: number): unknown {
    const target = this.#anchors.get(name)
    if (target === undefined) {
      this.#fault(offset, 'refers to an anchor that is not set before it')
      return undefined
    }
    this.#aliases += 1
    const value = this.#value(target, path)
    this.#aliases -= 1
    return value
  }

  #object(map: YAMLMap, path: readonly PropertyKey[]): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const { key, value } of map.items) {
      if (this.#values > valuesMax || this.faults.length >= faultsMax) break
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#fault(offsetOf(key), 'a key that is not text')
        continue
      }
      if (Object.hasOwn(object, key.value)) {
        this.#fault(offsetOf(key), 'this key is set a second time')
        continue
      }
      const below = [...path, key.value]
      // A fault of a key is shown where the key stands.
      this.#offsets.set(keyOf(below), offsetOf(key))
      object[key.value] = isNode(value) ? this.#value(value, below) : null
    }
    return object
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `line ${Math.max(1, line)}, column ${Math.max(1, col)}`
  }

  #fault(offset: number, message: string): void {
    if (this.faults.length < faultsMax) this.faults.push({ place: this.#place(offset), message })
  }
}

/** The first line that nests as no policy does: what follows costs a parser more time than it is worth. */
function tooDeepAt(text: string): number | undefined {
  let brackets = 0
  for (const [index, line] of text.split('\n').entries()) {
    for (const character of line) {
      if (character === '[' || character === '{') brackets += 1
      else if (character === ']' || character === '}') brackets -= 1
      if (brackets > bracketsMax) return index + 1
    }
    if (deepLine.test(line)) return index + 1
  }
  return undefined
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function keyOf(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String))
}

function offsetOf(node: unknown): number {
  return (isNode(node) && node.range?.[0]) || 0
}
