import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { runTool } from '../tool.ts'
import { type LockFile, lockFileName, parseLock, readLockFile } from './lock-file.ts'

/**
 * A lock that is named as a file, as `revision:path` or as a revision of git alone, which means the lock file there.
 * Throws `notFound` when it is neither.
 */
export async function readLockAt(
  name: string,
  {
    cwd,
    env,
    signal,
  }: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly signal?: AbortSignal | undefined
  },
): Promise<LockFile> {
  const path = resolve(cwd, name)
  const entry = await stat(path).catch(() => undefined)
  if (entry?.isFile() === true) return readLockFile(path)
  if (entry?.isDirectory() === true) return readLockFile(resolve(path, lockFileName))
  const object = name.includes(':') ? name : `${name}:./${lockFileName}`
  const { status, stdout } = await runTool('git', ['show', '--end-of-options', object], {
    cwd,
    env,
    signal,
  })
  if (status === 0) return parseLock(stdout, object)
  throw new ClientError(
    'notFound',
    `There is no lock file "${name}", and git has none under that name.`,
    {
      next: `Name a file, or a revision such as HEAD or HEAD~1:${lockFileName}.`,
    },
  )
}
