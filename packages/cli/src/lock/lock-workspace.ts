import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { CommandContext } from '../context.ts'
import { parsePattern } from '../pattern.ts'
import { type LockFile, lockFileName, readLockFile } from './lock-file.ts'
import { declaredPairs } from './pairs.ts'
import { type Scan, scanFolder } from './scan.ts'

export type WorkspaceOptions = {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly lockFile?: string
}

/** A folder with its lock file, its files looked through and the pairs that its `berth.yaml` declares. */
export type LockWorkspace = {
  readonly folder: string
  /** Absolute. */
  readonly lockPath: string
  /** As it is told to people: from where they are. */
  readonly lockName: string
  readonly lock: LockFile
  readonly scan: Scan
  readonly pairs: readonly (readonly [string, string])[]
  /** Whether `--include` left out a part of the files. */
  readonly isPartial: boolean
}

/** Reads the folder that a command is given, by default the current one. Throws `notFound`, `inputInvalid`. */
export async function openWorkspace(
  { terminal, signal }: CommandContext,
  given: string | undefined,
  options: WorkspaceOptions,
): Promise<LockWorkspace> {
  const folder = resolve(terminal.cwd, given ?? '.')
  const lockPath = lockPathOf(terminal.cwd, given, options)
  const lock = await readLockFile(lockPath)
  const { include, exclude } = options
  const scan = await scanFolder(folder, { include, exclude, env: terminal.env, signal })
  const buildFile = await readFile(join(folder, 'berth.yaml'), 'utf8').catch(() => '')
  const lockName = relative(terminal.cwd, lockPath) || lockFileName
  const isPartial = include !== undefined
  return { folder, lockPath, lockName, lock, scan, pairs: declaredPairs(buildFile), isPartial }
}

export function lockPathOf(
  cwd: string,
  folder: string | undefined,
  { lockFile }: WorkspaceOptions,
): string {
  return lockFile === undefined ? resolve(cwd, folder ?? '.', lockFileName) : resolve(cwd, lockFile)
}

/** Throws `notFound` with what to do when nothing is locked yet. */
export function requireLock({ lock, lockName }: LockWorkspace): void {
  if (Object.keys(lock.images).length > 0) return
  throw new ClientError('notFound', `${lockName} holds no image, or is not there.`, {
    next: 'Run "berth lock" first.',
  })
}

/**
 * Which references `--update` means: all without a pattern. The pattern may leave out the registry, `library/` and the
 * tag: `alpine`, `acme/api`, `ghcr.io/acme/*`. Throws `inputInvalid`.
 */
export function updateFilter(update: string | boolean | undefined): (reference: string) => boolean {
  if (update === undefined || update === false) return () => false
  if (update === true) return () => true
  const pattern = parsePattern(update)
  return (reference) => {
    const path = reference.slice(reference.indexOf('/') + 1)
    return [reference, path, path.replace(/^library\//, '')]
      .flatMap((each) => [each, each.replace(/[:@][^/]*$/, '')])
      .some((each) => pattern.matches(each))
  }
}
