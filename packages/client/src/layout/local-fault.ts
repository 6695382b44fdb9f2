import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClientError } from '../client-error.ts'

const meanings: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk reports a fault',
}

/** Whether a system error says that there is no room: disk full, or a quota. */
export function isDiskFull(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Whether a system error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

/**
 * Turns an error of the file system into a `localFault` with path and reason; a full disk is told with the bytes that
 * were needed and those that are free. Anything that is no system error comes back as it is.
 */
export async function localFault(
  error: unknown,
  path: string,
  bytesNeeded?: number,
): Promise<unknown> {
  const code = codeOf(error)
  if (code === undefined || error instanceof ClientError) return error
  if (isDiskFull(error)) {
    const free = await freeBytes(path)
    const needs = bytesNeeded === undefined ? '' : ` ${bytesNeeded} bytes are needed,`
    const left = free === undefined ? '' : ` ${free} bytes are free.`
    return new ClientError(
      'localFault',
      `The disk is full: ${path} could not be written.${needs === '' ? left : `${needs}${left === '' ? ' and there is no room.' : left}`}`,
      { next: 'Free some space or choose another place, then run it again.', cause: error },
    )
  }
  if (code === 'ENOENT') {
    return new ClientError('notFound', `${path} does not exist.`, { cause: error })
  }
  const reason = meanings[code] ?? (error instanceof Error ? error.message : code)
  return new ClientError('localFault', `${path} cannot be read or written: ${reason}.`, {
    cause: error,
  })
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

async function freeBytes(path: string): Promise<number | undefined> {
  for (const place of [path, dirname(path)]) {
    const stats = await statfs(place).catch(() => undefined)
    if (stats !== undefined) return stats.bavail * stats.bsize
  }
  return undefined
}
