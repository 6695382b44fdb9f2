import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { FileChange } from './plan.ts'

/**
 * Writes all changes or none: every new text is on disk beside its file before the first file is replaced, and when a
 * replacement fails, those made before are taken back. Modes stay. Throws `localFault`; `inputInvalid` when a file is no
 * longer what the plan was made from.
 */
export async function writeChanges(folder: string, changes: readonly FileChange[]): Promise<void> {
  const written: { path: string; temporary: string; before: string }[] = []
  const replaced: { path: string; before: string }[] = []
  try {
    for (const { path, before, after } of changes) {
      const full = join(folder, path)
      const temporary = await writeBeside(full, after)
      written.push({ path: full, temporary, before })
    }
    for (const { path, before } of written) {
      if (!Buffer.from(before).equals(await readFile(path))) {
        throw new ClientError(
          'inputInvalid',
          `${path} was changed meanwhile. Nothing was written.`,
          {
            next: 'Run it again.',
          },
        )
      }
    }
    for (const { path, temporary, before } of written) {
      await rename(temporary, path)
      replaced.push({ path, before })
    }
  } catch (cause) {
    const stuck = await takeBack(replaced)
    if (cause instanceof ClientError) throw cause
    const outcome =
      stuck.length === 0 ? 'All files are as they were' : `Not taken back: ${stuck.join(', ')}`
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClientError('localFault', `The files cannot be written: ${reason}. ${outcome}.`, {
      cause,
    })
  } finally {
    await Promise.all(written.map(({ temporary }) => rm(temporary, { force: true })))
  }
}

async function writeBeside(path: string, text: string): Promise<string> {
  const { mode, uid, gid } = await lstat(path)
  const temporary = join(dirname(path), `.berth-${randomBytes(6).toString('hex')}.tmp`)
  try {
    await writeFile(temporary, text, { flag: 'wx', flush: true })
    await chmod(temporary, mode & 0o7777)
    // Only root may give a file away; for others it stays theirs.
    await chown(temporary, uid, gid).catch(() => {})
    return temporary
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Puts the former texts back; gives the files for which that failed as well. */
async function takeBack(
  replaced: readonly { path: string; before: string }[],
): Promise<readonly string[]> {
  const stuck: string[] = []
  for (const { path, before } of replaced) {
    try {
      await rename(await writeBeside(path, before), path)
    } catch {
      stuck.push(path)
    }
  }
  return stuck
}
