import type { Dirent } from 'node:fs'
import { open, opendir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { AdvisoryImportError } from './errors.ts'
import { ZipReader } from './zip-reader.ts'

/** What one import may cost, whatever a stranger has packed. */
export type DocumentLimits = {
  /** Files in the archive or below the folder. */
  readonly entries: number
  /** Of one document without compression; a larger one is left out. */
  readonly documentBytes: number
  /** Of all documents without compression. */
  readonly totalBytes: number
  /** Folders in folders. */
  readonly depth: number
}

export const defaultDocumentLimits: DocumentLimits = {
  entries: 5_000_000,
  documentBytes: 32 * 1024 ** 2,
  totalBytes: 64 * 1024 ** 3,
  depth: 16,
}

/** One record's text. `text` is absent when it is larger than the limit. */
export type Document = { readonly name: string; readonly format: 'json' | 'yaml'; text?: string }

/**
 * The JSON and YAML files of a zip archive, of a folder and those below it, or one JSON file, one after the other: never
 * more than one is in memory. Names inside are for messages only, no path is ever made of one; links in folders are
 * passed over. Throws `AdvisoryImportError`.
 */
export async function* documentsOf(
  path: string,
  limits: DocumentLimits,
  signal: AbortSignal | undefined,
): AsyncGenerator<Document> {
  const counter = new Counter(path, limits, signal)
  const kind = await kindOf(path)
  if (kind === 'folder') yield* folderDocuments(path, path, counter, 0)
  else if (kind === 'zip') yield* zipDocuments(path, counter)
  else yield { name: path, format: 'json', ...(await readFile(path, counter)) }
}

class Counter {
  readonly path: string
  readonly limits: DocumentLimits
  readonly #signal: AbortSignal | undefined
  #entries = 0
  #bytes = 0

  constructor(path: string, limits: DocumentLimits, signal: AbortSignal | undefined) {
    this.path = path
    this.limits = limits
    this.#signal = signal
  }

  get isAborted(): boolean {
    return this.#signal?.aborted === true
  }

  entry(): void {
    this.#signal?.throwIfAborted()
    this.#entries += 1
    if (this.#entries > this.limits.entries) throw this.#tooMuch(`${this.limits.entries} files`)
  }

  /** Whether a document of this size is read. */
  admits(bytes: number): boolean {
    if (bytes > this.limits.documentBytes) return false
    this.#bytes += bytes
    if (this.#bytes > this.limits.totalBytes) {
      throw this.#tooMuch(`${this.limits.totalBytes} bytes without compression`)
    }
    return true
  }

  #tooMuch(what: string): AdvisoryImportError {
    return new AdvisoryImportError(
      `${this.path} holds more than ${what}, the most that one import may bring. Check that it is the right data.`,
    )
  }
}

async function kindOf(path: string): Promise<'folder' | 'zip' | 'file'> {
  try {
    if ((await stat(path)).isDirectory()) return 'folder'
    const file = await open(path, 'r')
    try {
      const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
      return buffer.toString('latin1') === 'PK\u0003\u0004' ? 'zip' : 'file'
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new AdvisoryImportError(`${path} cannot be read: ${messageOf(error)}.`, { cause: error })
  }
}

async function* zipDocuments(path: string, counter: Counter): AsyncGenerator<Document> {
  let zip: ZipReader | undefined
  try {
    zip = await ZipReader.open(path)
    for await (const entry of zip.entries()) {
      // Bytes, whatever the type says.
      const name = Buffer.from(entry.fileName).toString('utf8')
      counter.entry()
      const format = formatOf(name)
      if (format === undefined) continue
      const bytes = Math.max(entry.uncompressedSize, entry.compressedSize)
      if (!counter.admits(bytes)) yield { name, format }
      else yield { name, format, text: zip.text(entry) }
    }
  } catch (error) {
    if (error instanceof AdvisoryImportError || counter.isAborted) throw error
    throw new AdvisoryImportError(
      `${path} is no whole zip archive: ${messageOf(error)}. Fetch it again.`,
      { cause: error },
    )
  } finally {
    zip?.close()
  }
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function* folderDocuments(
  folder: string,
  root: string,
  counter: Counter,
  depth: number,
): AsyncGenerator<Document> {
  if (depth > counter.limits.depth) {
    throw new AdvisoryImportError(
      `${root} has folders more than ${counter.limits.depth} deep. Name the folder that holds the records.`,
    )
  }
  for (const entry of await listed(folder)) {
    counter.entry()
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !entry.name.startsWith('.')) {
      yield* folderDocuments(path, root, counter, depth + 1)
    }
    const format = entry.isFile() ? formatOf(entry.name) : undefined
    if (format !== undefined) yield { name: path, format, ...(await readFile(path, counter)) }
  }
}

/** Sorted, so that the same folder always gives the same database. */
async function listed(folder: string): Promise<Dirent[]> {
  const entries: Dirent[] = []
  try {
    for await (const entry of await opendir(folder)) {
      entries.push(entry)
      if (entries.length > defaultDocumentLimits.entries) break
    }
  } catch (error) {
    throw new AdvisoryImportError(`${folder} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    })
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readFile(path: string, counter: Counter): Promise<{ text?: string }> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (!counter.admits(size)) return {}
      return { text: await textOf(file.createReadStream({ autoClose: false, end: size })) }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof AdvisoryImportError) throw error
    throw new AdvisoryImportError(`${path} cannot be read: ${messageOf(error)}.`, { cause: error })
  }
}

function formatOf(name: string): 'json' | 'yaml' | undefined {
  const extension = extname(name).toLowerCase()
  if (extension === '.json') return 'json'
  return extension === '.yaml' || extension === '.yml' ? 'yaml' : undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
