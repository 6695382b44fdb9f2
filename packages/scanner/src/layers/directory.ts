import { constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Catalogue, catalogueVersion, type LayerFile } from '../catalogue.ts'
import { type Detector, type ScannedFile, ScanLimit } from '../detector.ts'
import { detectors as allDetectors } from '../detectors/detectors.ts'
import { defaultLimits, type ScanLimits } from '../limits.ts'
import type { NotCovered } from '../package.ts'
import { cleanPath } from './layer-path.ts'
import { mergeLayers } from './merge.ts'
import { runDetectors } from './run-detectors.ts'
import { checkSize } from './spool.ts'

export type DirectoryOptions = {
  readonly limits?: Partial<ScanLimits>
  readonly signal?: AbortSignal
  /** Those of images by default. */
  readonly detectors?: readonly Detector[]
}

const headLength = 4096
/** Of the kernel, not of a program. */
const passedOver = new Set(['proc', 'sys', 'dev'])

/**
 * What a folder holds, such as a root file system or a project. Symbolic links are never followed, so nothing outside of
 * it is read. Runs in this process: for a folder of the caller's own. Throws the error of the folder when it cannot be
 * opened, `ScanLimit` beyond a limit, and the signal's reason. What cannot be read inside is `notCovered`.
 */
export async function catalogueDirectory(
  folder: string,
  { limits: given, signal, detectors = allDetectors }: DirectoryOptions = {},
): Promise<Catalogue> {
  const limits = { ...defaultLimits, ...given }
  const deadline = performance.now() + limits.timeMs
  const files: LayerFile[] = []
  const notCovered: NotCovered[] = []
  const links: Record<string, string> = {}
  let entries = 0
  let packages = 0
  for await (const entry of walk(folder, '', notCovered)) {
    signal?.throwIfAborted()
    entries += 1
    if (entries > limits.entries)
      throw new ScanLimit(`more than ${limits.entries} files in ${folder}`)
    if (performance.now() > deadline)
      throw new ScanLimit(`${folder} was not read within ${limits.timeMs} ms`)
    if (entry.isLink) {
      const target = entry.path.includes('/') ? undefined : await targetOf(join(folder, entry.path))
      if (target !== undefined) links[entry.path] = target
      continue
    }
    const facts = await readFile(folder, entry.path, { detectors, limits })
    files.push(...facts.files)
    notCovered.push(...facts.notCovered)
    for (const found of facts.files) packages += found.packages.length
    if (packages > limits.packages)
      throw new ScanLimit(`more than ${limits.packages} packages in ${folder}`)
  }
  return mergeLayers(
    [
      {
        version: catalogueVersion,
        diffId: '',
        size: 0,
        files,
        whiteouts: [],
        opaqueDirectories: [],
        links,
        notCovered,
      },
    ],
    limits,
  )
}

type Found = { readonly path: string; readonly isLink: boolean }

async function* walk(
  folder: string,
  below: string,
  notCovered: NotCovered[],
): AsyncGenerator<Found> {
  const directory = await opendir(join(folder, below), { bufferSize: 1024 }).catch(
    (error: unknown) => {
      if (below === '') throw error
      notCovered.push({ path: below, reason: `The folder cannot be read: ${messageOf(error)}` })
      return undefined
    },
  )
  if (directory === undefined) return
  const folders: string[] = []
  for await (const entry of directory) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) {
      if (!passedOver.has(path)) folders.push(path)
    } else if (entry.isFile() || entry.isSymbolicLink())
      yield { path, isLink: entry.isSymbolicLink() }
  }
  for (const path of folders) yield* walk(folder, path, notCovered)
}

/** Where a link at the root leads inside the folder. */
async function targetOf(link: string): Promise<string | undefined> {
  const target = await readlink(link).catch(() => undefined)
  return target === undefined ? undefined : cleanPath(target) || undefined
}

async function readFile(
  folder: string,
  path: string,
  { detectors, limits }: { detectors: readonly Detector[]; limits: ScanLimits },
): Promise<{ files: readonly LayerFile[]; notCovered: readonly NotCovered[] }> {
  const nothing = { files: [], notCovered: [] }
  // Most files are of no use to anybody: no system call for those whatever their size and mode are.
  if (!detectors.some((detector) => detector.wants({ path, isExecutable: true, size: 1 })))
    return nothing
  const real = join(folder, path)
  let handle: FileHandle | undefined
  try {
    const { size, mode } = await lstat(real)
    const stated = { path, size, isExecutable: (mode & 0o111) !== 0 }
    const wanting = detectors.filter((detector) => detector.wants(stated))
    if (wanting.length === 0) return nothing
    // Not a link, should it have become one since, and no waiting for a pipe.
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const file = await scannedFile(handle, real, stated)
    if (!wanting.some((detector) => detector.wantsHead?.(file.head) ?? true)) return nothing
    if (size > limits.fileBytes) {
      const reason = `The file has ${size} bytes; at most ${limits.fileBytes} are read.`
      return { files: [], notCovered: [{ path, reason }] }
    }
    return await runDetectors(file, wanting)
  } catch (error) {
    const reason = `The file cannot be read: ${messageOf(error)}`
    return { files: [], notCovered: [{ path, reason }] }
  } finally {
    await handle?.close()
  }
}

async function scannedFile(
  handle: FileHandle,
  real: string,
  stated: Pick<ScannedFile, 'path' | 'size' | 'isExecutable'>,
): Promise<ScannedFile> {
  const { size } = stated
  const head = Buffer.alloc(Math.min(headLength, size))
  const { bytesRead } = await handle.read(head, 0, head.length, 0)
  return {
    ...stated,
    head: head.subarray(0, bytesRead),
    read: async (maxBytes) => {
      checkSize({ size }, maxBytes)
      const content = Buffer.alloc(size)
      const { bytesRead: length } = await handle.read(content, 0, size, 0)
      return content.subarray(0, length)
    },
    onDisk: (maxBytes) => {
      checkSize({ size }, maxBytes)
      return Promise.resolve(real)
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
