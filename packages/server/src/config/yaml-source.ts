/** Reads the YAML file into plain settings, remembering the line and column of each value. */
import { dirname, relative } from 'node:path'
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import type { ConfigFault } from './config-error.ts'
import { readLimited } from './read-limited.ts'
import {
  emptySettings,
  isSettingsObject,
  type Origin,
  originKey,
  type SettingsObject,
} from './settings-tree.ts'

const maxFileBytes = 256 * 1024
/** Counted after aliases are followed, so that a few lines cannot stand for millions of values. */
const maxNodes = 5000
const maxDepth = 32

type YamlSettings = Readonly<{
  root: SettingsObject
  origins: Map<string, Origin>
  faults: readonly ConfigFault[]
}>

/** Never throws: what is wrong with the file comes back as faults. `file` is absolute; `cwd` only shortens it in messages. */
export function readYamlSettings(file: string, cwd: string): YamlSettings {
  const near = relative(cwd, file)
  const name = near.startsWith('..') ? file : near
  try {
    return new YamlReader(name, dirname(file)).read(readLimited(file, maxFileBytes))
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return {
      root: emptySettings(),
      origins: new Map(),
      faults: [{ path: '', origin: name, problem }],
    }
  }
}

class YamlReader {
  readonly #name: string
  readonly #folder: string
  readonly #lines = new LineCounter()
  readonly #origins = new Map<string, Origin>()
  readonly #faults: ConfigFault[] = []
  #nodes = 0

  constructor(name: string, folder: string) {
    this.#name = name
    this.#folder = folder
  }

  read(text: string): YamlSettings {
    const document = parse(text, this.#lines)
    for (const fault of [...document.errors, ...document.warnings]) this.#addYamlFault(fault)
    const root =
      this.#faults.length > 0 || document.contents === null
        ? undefined
        : this.#value(document.contents, [], (alias) =>
            isAlias(alias) ? alias.resolve(document) : alias,
          )
    if (isSettingsObject(root)) return this.#result(root)
    if (root !== undefined && root !== null)
      this.#addFault([], 0, 'must hold settings, such as `http:` with `port: 5000` below it')
    return this.#result(emptySettings())
  }

  #result(root: SettingsObject): YamlSettings {
    return { root, origins: this.#origins, faults: this.#faults }
  }

  #value(node: Node, keys: readonly string[], follow: (node: Node) => Node | undefined): unknown {
    this.#nodes += 1
    if (this.#nodes > maxNodes || keys.length > maxDepth) {
      if (this.#nodes <= maxNodes + 1)
        this.#addFault([], offsetOf(node), `has more than ${maxNodes} values or ${maxDepth} levels`)
      this.#nodes = maxNodes + 1
      return undefined
    }
    if (keys.length > 0) this.#origins.set(originKey(keys), this.#originAt(offsetOf(node)))
    const target = follow(node)
    if (target === undefined)
      this.#addFault(keys, offsetOf(node), 'refers to an anchor that is not set before it')
    if (isScalar(target)) return target.value
    if (isMap(target)) return this.#object(target, keys, follow)
    if (!isSeq(target)) return undefined
    return target.items.map((item, index) =>
      isNode(item) ? this.#value(item, [...keys, `${index}`], follow) : null,
    )
  }

  #object(
    map: YAMLMap,
    keys: readonly string[],
    follow: (node: Node) => Node | undefined,
  ): SettingsObject {
    const object = emptySettings()
    for (const pair of map.items) {
      if (this.#nodes > maxNodes) break
      const key = keyOf(pair)
      if (key === undefined) {
        this.#addFault(keys, offsetOf(pair.key), 'has a key that is not text')
        continue
      }
      // An empty section or value counts as not set.
      const value = isNode(pair.value) ? this.#value(pair.value, [...keys, key], follow) : null
      if (value !== null && value !== undefined) object[key] = value
      else this.#origins.delete(originKey([...keys, key]))
    }
    return object
  }

  #originAt(offset: number): Origin {
    const { line, col } = this.#lines.linePos(offset)
    return { source: 'file', text: `${this.#name}:${line}:${col}`, folder: this.#folder }
  }

  #addFault(keys: readonly string[], offset: number, problem: string): void {
    this.#faults.push({ path: keys.join('.'), origin: this.#originAt(offset).text, problem })
  }

  #addYamlFault({ code, message, pos }: YAMLError): void {
    const problem =
      code === 'DUPLICATE_KEY' ? 'sets this key a second time' : `is not valid YAML: ${message}`
    this.#addFault([], pos[0], problem)
  }
}

function parse(text: string, lineCounter: LineCounter) {
  try {
    // Pretty errors would quote the line, which may hold a password.
    return parseDocument(text, { lineCounter, prettyErrors: false, schema: 'core' })
  } catch (error) {
    // Thousands of nested brackets exhaust the parser's stack.
    throw new Error('is not valid YAML: it is nested too deeply', { cause: error })
  }
}

function keyOf({ key }: Pair): string | undefined {
  return isScalar(key) && typeof key.value === 'string' ? key.value : undefined
}

function offsetOf(node: unknown): number {
  return (isNode(node) && node.range?.[0]) || 0
}
