import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Where the file that was in force before the last swap is kept. */
export function formerFile(file: string): string {
  return `${file}.former`
}

/**
 * Puts `made`, a whole file on the same file system, in the place of `file` in one step and keeps the one that was
 * there. Whoever has it open goes on reading it. After a power cut there is the old file or the new one.
 */
export async function swapFile(made: string, file: string): Promise<void> {
  await syncPath(made)
  await rm(formerFile(file), { force: true })
  await link(file, formerFile(file)).catch((error: unknown) => {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error
  })
  await rename(made, file)
  await syncPath(dirname(file))
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
