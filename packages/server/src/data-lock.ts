import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const sqliteBusy = 5

/**
 * Lets one server at a time use a data folder: two would write to the same uploads.
 * It is the lock of an empty SQLite file, which the kernel takes back however the process ends.
 * Throws when another server holds it, or when the folder cannot be written to.
 */
export function lockDataDirectory(directory: string): { release(): void } {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = new DatabaseSync(join(directory, 'server.lock'))
  try {
    // The journal stays in memory, so that a server can start on a full disk and serve pulls.
    file.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    file.close()
    if ((error as { errcode?: unknown }).errcode !== sqliteBusy) {
      throw new Error(`The data folder ${directory} cannot be used.`, { cause: error })
    }
    throw new Error(
      `Another Berth server is using ${directory}. Stop it, or give this one its own dataDirectory.`,
      { cause: error },
    )
  }
  return {
    release() {
      if (file.isOpen) file.close()
    },
  }
}
