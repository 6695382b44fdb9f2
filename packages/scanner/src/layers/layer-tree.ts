import { ScanLimit } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'
import {
  entriesInChunk,
  type LayerDirectory,
  type LayerEntryKind,
  type LayerTotals,
} from './layer-listing.ts'
import { cleanPath } from './layer-path.ts'
import type { TarEntry } from './tar-walk.ts'

/** Entries of one list, with directories that are only named by what is in them. */
const nodesMax = 500_000
/** Of all paths and link targets together. */
const textMax = 64 * 1024 ** 2
const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

type Node = {
  kind: LayerEntryKind
  size: number
  files?: number
  mode?: number
  uid?: number
  gid?: number
  mtime?: number
  target?: string
}

const kinds = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  hardlink: 'hardlink',
  other: 'device',
} as const satisfies Record<TarEntry['type'], LayerEntryKind>

/** Gathers the entries of a layer into directories. Of several entries of one name the last counts, as when it is unpacked. */
export class LayerTree {
  readonly #limits: Pick<ScanLimits, 'pathLength'>
  readonly #nodes = new Map<string, Node>([['', { kind: 'directory', size: 0, files: 0 }]])
  #textLength = 0

  constructor(limits: Pick<ScanLimits, 'pathLength'>) {
    this.#limits = limits
  }

  /** Throws `ScanLimit` when there is more than is listed. No body is wanted. */
  take(entry: TarEntry): undefined {
    const path = cleanPath(entry.name)?.replace(/\/$/, '')
    if (path === undefined || path === '' || path.length > this.#limits.pathLength) return
    const base = path.slice(path.lastIndexOf('/') + 1)
    if (base === opaque) this.#set(path, { kind: 'opaque', size: 0 })
    // Others of this beginning are for the storage of one old engine.
    else if (base.startsWith('.wh..wh.')) return
    else if (base.startsWith(whiteout)) {
      const hidden = path.slice(0, path.length - base.length) + base.slice(whiteout.length)
      this.#set(hidden, { kind: 'whiteout', size: 0 })
    } else this.#set(path, nodeOf(entry))
  }

  /** Adds up what is below each directory. To be called once, at the end. */
  finish(): LayerTotals {
    // The deepest first, so each is complete before it is added to the one above.
    const levels = Map.groupBy(this.#nodes.keys(), depthOf)
    const deepestFirst = [...levels].sort(([a], [b]) => b - a).flatMap(([, paths]) => paths)
    for (const path of deepestFirst) {
      const node = this.#nodes.get(path)
      const parent = path === '' ? undefined : this.#nodes.get(parentOf(path))
      if (!node || !parent) continue
      parent.size += node.size
      parent.files = (parent.files ?? 0) + countOf(node)
    }
    const root = this.#nodes.get('')
    return { files: root?.files ?? 0, size: root?.size ?? 0 }
  }

  /** Every directory, with its entries by name. */
  *directories(): Generator<LayerDirectory> {
    const children = new Map<string, string[]>()
    for (const [path, { kind }] of this.#nodes) {
      if (kind === 'directory' && !children.has(path)) children.set(path, [])
      if (path === '') continue
      const parent = parentOf(path)
      const siblings = children.get(parent)
      if (siblings) siblings.push(path)
      else children.set(parent, [path])
    }
    for (const [path, paths] of children) {
      paths.sort()
      const skipped = path === '' ? 0 : path.length + 1
      const chunks: string[] = []
      for (let start = 0; start < paths.length; start += entriesInChunk) {
        const portion = paths.slice(start, start + entriesInChunk)
        const entries = portion.map((child) => ({
          name: child.slice(skipped),
          ...this.#nodes.get(child),
        }))
        chunks.push(JSON.stringify(entries))
      }
      yield { path, chunks }
    }
  }

  #set(path: string, node: Node): void {
    const known = this.#nodes.get(path)
    this.#addText(node.target?.length ?? 0)
    if (known === undefined) {
      this.#add(path, node)
      this.#ensureParents(path)
    } else if (known.kind === 'directory' && node.kind !== 'directory') {
      // What was in it before may be listed already, so it stays one.
    } else this.#nodes.set(path, node)
  }

  #ensureParents(path: string): void {
    for (let parent = parentOf(path); ; parent = parentOf(parent)) {
      const known = this.#nodes.get(parent)
      if (known === undefined) this.#add(parent, { kind: 'directory', size: 0, files: 0 })
      else {
        if (known.kind !== 'directory') {
          this.#nodes.set(parent, { kind: 'directory', size: 0, files: 0 })
        }
        return
      }
    }
  }

  #add(path: string, node: Node): void {
    if (this.#nodes.size > nodesMax) {
      throw new ScanLimit(`it has more than ${nodesMax} files and directories`)
    }
    this.#addText(path.length)
    this.#nodes.set(path, node)
  }

  #addText(length: number): void {
    this.#textLength += length
    if (this.#textLength > textMax) {
      throw new ScanLimit('the names in it take more than 64 MiB')
    }
  }
}

function nodeOf({ type, size, mode, uid, gid, mtime, link }: TarEntry): Node {
  const kind = kinds[type]
  return {
    kind,
    size,
    mode,
    uid,
    gid,
    mtime,
    ...(kind === 'directory' && { files: 0 }),
    ...((kind === 'symlink' || kind === 'hardlink') && { target: link }),
  }
}

/** How many files stand for it in the count of the directory above. */
function countOf({ kind, files = 0 }: Node): number {
  if (kind === 'directory') return files
  return kind === 'whiteout' || kind === 'opaque' ? 0 : 1
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

function depthOf(path: string): number {
  if (path === '') return 0
  let depth = 1
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) depth += 1
  return depth
}
