import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { type DiscoverOptions, discoverFiles } from './discover.ts'
import { type FileKind, fileKind, findReferences, type Surroundings } from './file-kind.ts'
import { type FoundReference, imageOf } from './find/found-reference.ts'
import { appVersionOf } from './find/helm-chart.ts'
import { type LockFile, lockFileName, lockKeyIn } from './lock-file.ts'

export type ScannedFile = {
  /** From the folder, with slashes. */
  readonly path: string
  readonly kind: FileKind
  readonly text: string
  readonly references: readonly FoundReference[]
}

export type Scan = {
  readonly folder: string
  /** Those in which something was found. */
  readonly files: readonly ScannedFile[]
  /** What was left out that may name images, and why. */
  readonly skipped: readonly {
    readonly path: string
    readonly line?: number
    readonly reason: string
  }[]
}

/** Finds every reference to an image in the files of a folder. Throws `notFound` for a missing folder. */
export async function scanFolder(folder: string, options: DiscoverOptions): Promise<Scan> {
  const { paths, skipped } = await discoverFiles(folder, options)
  const left: { path: string; line?: number; reason: string }[] = [...skipped]
  const known = new Set(paths)
  const around = new Map<string, Promise<Folder>>()
  const folderOf = (of: string): Promise<Folder> => {
    const made = around.get(of) ?? readSurroundings(folder, of, known)
    around.set(of, made)
    return made
  }
  const files: ScannedFile[] = []
  for (const path of paths) {
    options.signal?.throwIfAborted()
    const name = posix.basename(path)
    if (name === '.env' || name === lockFileName) continue
    const text = await readText(join(folder, path))
    if (text === undefined) {
      left.push({ path, reason: 'it is not text in UTF-8' })
      continue
    }
    const { appVersion, variables } = await folderOf(posix.dirname(path))
    const surroundings = { appVersion, variables, isInTemplates: isInTemplates(path, known) }
    const kind = fileKind(name, text, surroundings)
    if (kind === undefined) continue
    const { references, faults } = findReferences(kind, text, surroundings)
    for (const { line, message } of faults) left.push({ path, line, reason: message })
    if (references.length > 0) files.push({ path, kind, text, references })
  }
  return { folder, files, skipped: left }
}

/** Each image that the files name, by what it is called in the lock, with where. */
export function imagesIn(
  scan: Scan,
  lock: LockFile,
): ReadonlyMap<string, readonly { file: ScannedFile; reference: FoundReference }[]> {
  const images = new Map<string, { file: ScannedFile; reference: FoundReference }[]>()
  for (const file of scan.files) {
    for (const reference of file.references) {
      const image = imageOf(reference)
      if (image === undefined) continue
      const key = lockKeyIn(lock, image, file.path)
      const uses = images.get(key) ?? []
      images.set(key, uses)
      uses.push({ file, reference })
    }
  }
  return images
}

type Folder = Omit<Surroundings, 'isInTemplates'>

async function readSurroundings(
  folder: string,
  of: string,
  known: ReadonlySet<string>,
): Promise<Folder> {
  const read = async (name: string) => {
    const path = posix.join(of, name)
    return known.has(path) ? readText(join(folder, path)) : undefined
  }
  const chart = await read('Chart.yaml')
  return {
    appVersion: chart === undefined ? undefined : appVersionOf(chart),
    variables: readVariables((await read('.env')) ?? ''),
  }
}

function isInTemplates(path: string, known: ReadonlySet<string>): boolean {
  const parts = path.split('/')
  return parts.some(
    (part, at) =>
      part === 'templates' &&
      at < parts.length - 1 &&
      known.has([...parts.slice(0, at), 'Chart.yaml'].join('/')),
  )
}

/** `NAME=value` lines of a `.env` file; quotes around a value are taken off. */
function readVariables(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line)
    const [, name, written = ''] = found ?? []
    if (name === undefined) continue
    const quoted = /^(["'])(.*?)\1/.exec(written)
    variables.set(name, quoted?.[2] ?? written.replace(/\s+#.*$/, '').trim())
  }
  return variables
}

async function readText(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined)
  if (bytes === undefined || bytes.includes(0)) return undefined
  try {
    // The mark at the beginning stays: what is written again must be the same bytes.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
