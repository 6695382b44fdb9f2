import { DatabaseSync } from 'node:sqlite'
import { AdvisoryDatabaseError } from './errors.ts'

/**
 * Runs `work` while no other process builds the same database. The kernel's lock is taken through SQLite and ends with
 * the process, however that ends; the empty file beside the database stays. Throws `AdvisoryDatabaseError` at once when
 * another one is at it: waiting would only repeat its work.
 */
export async function underBuildLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = openLock(file)
  try {
    try {
      lock.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      throw new AdvisoryDatabaseError(
        `Another import into ${file} is running. Wait until it has ended, then try again.`,
        { cause: error },
      )
    }
    return await work()
  } finally {
    lock.close()
  }
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(`${file}.lock`, { timeout: 0 })
  } catch (error) {
    throw new AdvisoryDatabaseError(
      `${file}.lock cannot be written: ${error instanceof Error ? error.message : String(error)}. The folder must be there and writable.`,
      { cause: error },
    )
  }
}
