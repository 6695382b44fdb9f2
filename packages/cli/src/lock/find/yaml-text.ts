import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { lineStarts, type Place, placeOf } from './found-reference.ts'

const depthMax = 100
const nodesMax = 200_000

/** A YAML file, read with the place of every value. */
export type YamlText = {
  readonly text: string
  readonly documents: readonly YamlDocument[]
  readonly faults: readonly { readonly line: number; readonly message: string }[]
  readonly place: (start: number, end: number) => Place
}

export type YamlDocument = { readonly document: Document; readonly root: Node | undefined }

/** A scalar whose text stands in the file exactly as it is meant. */
export type ExactScalar = {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly isQuoted: boolean
  /** Whether YAML reads it as text, and not as a number, a truth value or null. */
  readonly isString: boolean
}

/** Reads all documents of a text. One that is not valid YAML is a fault and left out. */
export function readYaml(text: string): YamlText {
  const starts = lineStarts(text)
  const place = (start: number, end: number): Place => placeOf(starts, start, end)
  const faults: { line: number; message: string }[] = []
  const documents: YamlDocument[] = []
  try {
    const parsed = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' })
    for (const document of Array.isArray(parsed) ? parsed : []) {
      const error = document.errors[0]
      if (error === undefined) {
        documents.push({ document, root: (document.contents as Node | null) ?? undefined })
      } else {
        const message = error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? 'is wrong'
        faults.push({ line: place(error.pos[0], error.pos[1]).line, message })
      }
    }
  } catch (error) {
    // Nested so deeply that the parser gives up.
    faults.push({ line: 1, message: error instanceof Error ? error.message : String(error) })
  }
  return { text, documents, faults, place }
}

/** The node itself, or what an alias stands for. */
export function target(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return node === null || node === undefined ? undefined : (node as Node)
}

export type Entry = {
  readonly name: string
  readonly key: Scalar
  readonly value: Node | undefined
}

/** The entries of a map with text keys, in their order; aliases are followed. `<<` comes as an entry like any other. */
export function entriesOf(map: YAMLMap, document: Document): Entry[] {
  return map.items.flatMap((item) => {
    const { key, value } = item
    if (!isPair(item) || !isScalar(key)) return []
    return [{ name: String(key.value), key, value: target(value, document) }]
  })
}

/** The entry of a map; where it is missing, that of the maps merged into it. */
export function entryOf(
  map: YAMLMap,
  name: string,
  document: Document,
  depth = 0,
): Entry | undefined {
  const entries = entriesOf(map, document)
  const own = entries.find((each) => each.name === name)
  if (own !== undefined || depth > depthMax) return own
  for (const { name: each, value } of entries) {
    if (each !== '<<') continue
    const merged = isSeq(value) ? value.items.map((item) => target(item, document)) : [value]
    for (const from of merged) {
      const found = isMap(from) ? entryOf(from, name, document, depth + 1) : undefined
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** The entry's value where it is a map. */
export function mapIn(map: YAMLMap, name: string, document: Document): YAMLMap | undefined {
  const value = entryOf(map, name, document)?.value
  return isMap(value) ? value : undefined
}

/** The text of a scalar entry, whatever its type; `undefined` when it is missing, null or no scalar. */
export function textIn(map: YAMLMap, name: string, document: Document): string | undefined {
  const value = entryOf(map, name, document)?.value
  if (!isScalar(value) || value.value === null) return undefined
  return typeof value.value === 'string' ? value.value : value.source
}

/** Calls `visit` once for each map below a node; `skips` names keys whose values are not entered. */
export function eachMap(
  root: Node | undefined,
  document: Document,
  visit: (map: YAMLMap, path: readonly string[]) => void,
  skips: (name: string, map: YAMLMap) => boolean = () => false,
): void {
  const seen = new Set<Node>()
  const enter = (node: Node | undefined, path: readonly string[]): void => {
    if (node === undefined || seen.has(node) || seen.size > nodesMax || path.length > depthMax)
      return
    if (isMap(node)) {
      seen.add(node)
      visit(node, path)
      for (const { name, value } of entriesOf(node, document)) {
        if (!skips(name, node)) enter(value, [...path, name])
      }
    } else if (isSeq(node)) {
      seen.add(node)
      for (const item of node.items) enter(target(item, document), [...path, '[]'])
    }
  }
  enter(root, [])
}

/**
 * Where the text of a scalar stands. `undefined` when it is written in another way than it reads: with escapes, over
 * several lines, as a block.
 */
export function exactScalar(text: string, node: Node | undefined): ExactScalar | undefined {
  if (!isScalar(node) || !node.range) return undefined
  const [start, end] = node.range
  const written = text.slice(start, end)
  const isString = typeof node.value === 'string'
  if (node.type === 'PLAIN') {
    const value = isString ? node.value : node.source
    if (written !== value) return undefined
    return { text: written, start, end, isQuoted: false, isString }
  }
  if (node.type !== 'QUOTE_DOUBLE' && node.type !== 'QUOTE_SINGLE') return undefined
  if (written.slice(1, -1) !== node.value) return undefined
  return { text: written.slice(1, -1), start: start + 1, end: end - 1, isQuoted: true, isString }
}
