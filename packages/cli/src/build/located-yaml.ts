import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { fillIn } from './variables.ts'

export type Position = { readonly line: number; readonly column: number }

/** One thing that is wrong in a file, and where: lines and columns count from 1. */
export type FileFault = Position & { readonly message: string }

export type LocatedYaml = {
  readonly value: unknown
  readonly faults: readonly FileFault[]
  /** Whether the value at the path could not be filled in, so that nothing can be said about it. */
  isUnfilled(path: readonly PropertyKey[]): boolean
  /** Where the value at the path stands; of what is absent, its nearest parent. */
  positionOf(path: readonly PropertyKey[]): Position
  /** Where the key stands in the map at the path. */
  positionOfKey(path: readonly PropertyKey[], key: string): Position
}

/**
 * Reads YAML with all variables in its values filled in and keeps where everything stands. Nothing is thrown: faults of
 * the syntax, doubled keys and variables that are not set are all in `faults`.
 */
export function readLocatedYaml(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): LocatedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  })
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const faults: FileFault[] = document.errors.map(({ message, pos }) => ({
    ...position(pos[0]),
    message: `${lowerFirst(message.trim().replace(/\.$/, ''))}.`,
  }))
  const unfilled = new Set<unknown>()
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return
      const [start, end] = node.range ?? [0, 0]
      const source = text.slice(start, end)
      const filled = fillIn(node.value, variables)
      for (const fault of filled.faults) {
        const token = node.value.slice(fault.at).slice(0, 12)
        const within = Math.max(0, source.indexOf(token))
        faults.push({ ...position(start + within), message: `${fault.message}.` })
      }
      if (filled.faults.length > 0) unfilled.add(node)
      node.value = filled.text
    },
  })
  const nodeAt = (path: readonly PropertyKey[]): unknown => {
    let node: unknown = document.contents
    for (const step of path) {
      const next = isMap(node)
        ? node.get(String(step), true)
        : isSeq(node)
          ? node.get(step, true)
          : undefined
      if (!isNode(next)) return node
      node = next
    }
    return node
  }
  const offsetOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0)
  let value: unknown
  if (document.errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 50 })
    } catch (error) {
      faults.push({ line: 1, column: 1, message: lowerFirst((error as Error).message) })
    }
  }
  return {
    value,
    faults,
    isUnfilled: (path) => unfilled.has(nodeAt(path)),
    positionOf: (path) => position(offsetOf(nodeAt(path))),
    positionOfKey: (path, key) => {
      const map = nodeAt(path)
      const pair = isMap(map)
        ? map.items.find(
            (each) => isPair(each) && isScalar(each.key) && String(each.key.value) === key,
          )
        : undefined
      return position(offsetOf(pair?.key ?? map))
    },
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
