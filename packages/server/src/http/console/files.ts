import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'

/** How a file is sent to clients that take this encoding. */
export type EncodedFile = { readonly encoding: 'br' | 'gzip' | undefined; readonly bytes: Buffer }

/** A file of the console, read once. */
export type ConsoleFile = {
  readonly mediaType: string
  readonly etag: string
  /** Its name changes with its content, so it may be kept for good. */
  readonly isImmutable: boolean
  /** The best first; the last one is plain. */
  readonly encodings: readonly EncodedFile[]
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}
const suffixes = { br: '.br', gzip: '.gz' } as const

/**
 * The built console. Its paths are known before a request comes, so that no text of a stranger ever becomes a path of the
 * file system.
 */
export class ConsoleFiles {
  readonly #directory: string
  readonly #paths: ReadonlySet<string>
  readonly #read = new Map<string, ConsoleFile>()
  /** `index.html` as it was built. */
  readonly page: string | undefined

  private constructor(directory: string, paths: ReadonlySet<string>, page: string | undefined) {
    this.#directory = directory
    this.#paths = paths
    this.page = page
  }

  /** What lies in the folder; `page` is `undefined` when nothing was built there. */
  static open(directory: string): ConsoleFiles {
    const page = join(directory, 'index.html')
    if (!existsSync(page)) return new ConsoleFiles(directory, new Set(), undefined)
    const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && mediaTypes[extname(entry.name)] !== undefined)
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    return new ConsoleFiles(
      directory,
      new Set(paths.map((path) => path.split(sep).join('/'))),
      readFileSync(page, 'utf8'),
    )
  }

  /** By its path below the console, such as `assets/index-a1b2.js`; `undefined` when there is none. */
  get(path: string): ConsoleFile | undefined {
    if (!this.#paths.has(path)) return undefined
    let file = this.#read.get(path)
    if (!file) {
      file = readConsoleFile(join(this.#directory, path), path.startsWith('assets/'))
      this.#read.set(path, file)
    }
    return file
  }
}

function readConsoleFile(path: string, isImmutable: boolean): ConsoleFile {
  const plain = readFileSync(path)
  const encoded = (['br', 'gzip'] as const).flatMap((encoding): EncodedFile[] => {
    const file = `${path}${suffixes[encoding]}`
    return existsSync(file) ? [{ encoding, bytes: readFileSync(file) }] : []
  })
  return {
    mediaType: mediaTypes[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    isImmutable,
    encodings: [...encoded, { encoding: undefined, bytes: plain }],
  }
}
