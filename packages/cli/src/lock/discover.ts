import type { Dirent } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { type Pattern, parsePattern } from '../pattern.ts'
import { findTool, runTool } from '../tool.ts'

export type DiscoverOptions = {
  /** Globs; one without a slash is for the name alone. Nothing given: all. */
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

export type Discovered = {
  /** From the folder, with slashes, in byte order. */
  readonly paths: readonly string[]
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

const filesMax = 50_000
const depthMax = 32
const bytesMax = 2 * 1024 * 1024
const listingMax = 4 * 1024 * 1024
const candidate = /(?:docker|container)file|kustomization$|\.(?:ya?ml|json|tpl)$|^\.env$/i
const leftOut = new Set(['.git', 'node_modules'])
const pathspecs = [
  '*dockerfile*',
  '*containerfile*',
  'kustomization',
  '*.yaml',
  '*.yml',
  '*.json',
  '*.tpl',
  '.env',
].map((each) => `:(icase,glob)**/${each}`)

/**
 * The files of a folder that may name images. In a git checkout those that git knows or would add, so nothing that is
 * ignored; elsewhere all but `node_modules` and `.git`. Links and what is larger than 2 MiB are left out. Throws `notFound`.
 */
export async function discoverFiles(folder: string, options: DiscoverOptions): Promise<Discovered> {
  const { include = [], exclude = [], signal } = options
  const there = await stat(folder).catch(() => undefined)
  if (there?.isDirectory() !== true) {
    throw new ClientError('notFound', `There is no folder ${folder}.`)
  }
  const wanted = include.map(globOf)
  const unwanted = exclude.map(globOf)
  const listed = (await listWithGit(folder, options)) ?? (await walk(folder, signal))
  const paths: string[] = []
  const skipped: { path: string; reason: string }[] = []
  for (const path of [...new Set(listed)].sort(byText)) {
    const name = posix.basename(path)
    if (!candidate.test(name) || path.split('/').some((part) => leftOut.has(part))) continue
    if (wanted.length > 0 && name !== '.env' && !wanted.some((matches) => matches(path))) continue
    if (unwanted.some((matches) => matches(path))) continue
    const entry = await lstat(join(folder, path)).catch(() => undefined)
    if (entry === undefined) continue
    if (entry.isSymbolicLink()) skipped.push({ path, reason: 'it is a link' })
    else if (entry.isFile() && entry.size > bytesMax) {
      skipped.push({ path, reason: `it has ${entry.size} bytes, at most ${bytesMax} are read` })
    } else if (entry.isFile()) paths.push(path)
  }
  if (paths.length > filesMax) throw tooMany(folder)
  return { paths, skipped }
}

/** `undefined` when the folder is in no checkout, or there is no git. */
async function listWithGit(
  folder: string,
  { env, signal }: DiscoverOptions,
): Promise<readonly string[] | undefined> {
  if ((await findTool('git', env)) === undefined) return undefined
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...pathspecs]
  const { status, stdout } = await runTool('git', args, { cwd: folder, env, signal })
  if (status !== 0) return undefined
  if (stdout.length >= listingMax) throw tooMany(folder)
  return stdout.split('\0').filter((path) => path !== '')
}

async function walk(folder: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const found: string[] = []
  let seen = 0
  const enter = async (below: string, depth: number): Promise<void> => {
    signal?.throwIfAborted()
    let entries: Dirent[]
    try {
      entries = await readdir(join(folder, below), { withFileTypes: true })
    } catch {
      // A folder that may not be read holds nothing that could be written.
      return
    }
    for (const entry of entries) {
      const path = posix.join(below, entry.name)
      seen += 1
      if (seen > filesMax * 10) throw tooMany(folder)
      if (leftOut.has(entry.name)) continue
      if (entry.isDirectory() && depth < depthMax) await enter(path, depth + 1)
      else if (!entry.isDirectory() && candidate.test(entry.name)) found.push(path)
    }
  }
  await enter('', 0)
  return found
}

function globOf(source: string): (path: string) => boolean {
  const glob: Pattern = parsePattern(source)
  const below: Pattern = parsePattern(`${source.replace(/\/+$/, '')}/**`)
  const isName = !source.includes('/')
  return (path) =>
    glob.matches(path) ||
    below.matches(path) ||
    (isName && path.split('/').some((part) => glob.matches(part)))
}

function tooMany(folder: string): ClientError {
  return new ClientError('inputInvalid', `${folder} holds too many files to look through.`, {
    next: 'Name the folder that is meant, such as "berth lock deploy".',
  })
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
