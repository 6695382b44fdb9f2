import { open, unlink } from 'node:fs/promises'

/** More than SQLite needs to open: the index of its write-ahead log has 32 KiB, the rest lets a few deletes through. */
const reserveBytes = 256 * 1024
const full = 13
const cannotGrowIndex = 4874

/**
 * Opens a database that may lie on a full disk. SQLite needs some room to open one, and a registry that cannot
 * start cannot serve pulls either; so a file beside the database holds room for that moment.
 */
export async function openWithReserve<T>(file: string, open: () => Promise<T>): Promise<T> {
  const reserve = `${file}-reserve`
  let opened: T
  try {
    opened = await open()
  } catch (error) {
    if (!isOutOfRoom(error) || !(await spend(reserve))) throw error
    opened = await open()
  }
  await keep(reserve)
  return opened
}

function isOutOfRoom(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  return code === full || code === cannotGrowIndex
}

async function spend(reserve: string): Promise<boolean> {
  try {
    await unlink(reserve)
    return true
  } catch {
    return false
  }
}

/** A full disk is no reason not to start: then the reserve is made at the next start. */
async function keep(reserve: string): Promise<void> {
  try {
    const handle = await open(reserve, 'wx', 0o600)
    try {
      await handle.writeFile(Buffer.alloc(reserveBytes))
    } catch {
      await unlink(reserve)
    } finally {
      await handle.close()
    }
  } catch {
    // It is there already, or there is no room for it.
  }
}
