export type LayerEntryKind =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'device'
  | 'whiteout'
  | 'opaque'

/** What stands in a directory of a layer. */
export type LayerEntry = {
  readonly name: string
  readonly kind: LayerEntryKind
  /** Bytes; of a directory all below it. */
  readonly size: number
  /** Files below a directory, whatever their kind. */
  readonly files?: number
  /** These are missing for a directory that the archive does not name. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since 1970. */
  readonly mtime?: number
  /** Where a link leads, as written. */
  readonly target?: string
}

/** A directory, `''` being the root: entries by name, `entriesInChunk` to a chunk, each chunk as the JSON of a `LayerEntry[]`. */
export type LayerDirectory = { readonly path: string; readonly chunks: readonly string[] }

/** Of the whole layer: files without directories, and their bytes. */
export type LayerTotals = { readonly files: number; readonly size: number }

export const entriesInChunk = 200

/** The files of a layer by directory, kept as text: half a million objects would take many times the memory. */
export class LayerListing {
  readonly #directories = new Map<string, readonly string[]>()
  #length = 0
  totals: LayerTotals = { files: 0, size: 0 }

  /** Characters that it takes in memory, about. */
  get length(): number {
    return this.#length
  }

  add(directories: readonly LayerDirectory[]): void {
    for (const { path, chunks } of directories) {
      this.#directories.set(path, chunks)
      this.#length += chunks.reduce((sum, chunk) => sum + chunk.length, path.length + 100)
    }
  }

  /** Entries of a directory from the position `start` on, at most `limit`; `undefined` when there is no such directory. */
  page(path: string, start: number, limit: number): LayerEntry[] | undefined {
    const chunks = this.#directories.get(path)
    if (!chunks) return undefined
    const entries: LayerEntry[] = []
    let at = Math.floor(start / entriesInChunk)
    let skipped = start % entriesInChunk
    for (; at < chunks.length && entries.length < limit; at += 1) {
      const chunk = JSON.parse(chunks[at] ?? '[]') as LayerEntry[]
      entries.push(...chunk.slice(skipped, skipped + limit - entries.length))
      skipped = 0
    }
    return entries
  }
}
