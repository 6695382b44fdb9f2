import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { AdvisoryDatabaseError } from './errors.ts'
import { checkSchema } from './schema.ts'

/**
 * Opens an advisory database for reading. Nothing ever changes a file in place, so no locks are taken: it may lie on a
 * read-only disk. `name` is what messages call it. Throws `AdvisoryDatabaseError`.
 */
export function openChecked(file: string, name = file): DatabaseSync {
  const size = sizeOf(file, name)
  let database: DatabaseSync | undefined
  try {
    const address = pathToFileURL(file)
    address.search = '?immutable=1'
    database = new DatabaseSync(address, { readOnly: true })
    database.exec(
      'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536',
    )
    checkSchema(database, name)
    checkSize(database, size, name)
    return database
  } catch (error) {
    database?.close()
    throw databaseFault(error, name)
  }
}

/** What SQLite throws, in words for people; everything else as it is. */
export function databaseFault(error: unknown, name: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error
  return new AdvisoryDatabaseError(
    `${name} is broken or no SQLite file: ${error.message}. Move it away and import advisories again; what was in force before the last import is kept beside it as ${name}.former.`,
    { cause: error },
  )
}

function sizeOf(file: string, name: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new AdvisoryDatabaseError(
      isMissing
        ? `There are no advisories yet: ${name} does not exist. Import some first.`
        : `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    )
  }
}

/** A copy that ended early opens without complaint and fails in the middle of a scan. */
function checkSize(database: DatabaseSync, size: number, name: string): void {
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  const pageSize = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
  if (size === pages * pageSize) return
  throw new AdvisoryDatabaseError(
    `${name} is not whole: ${size} bytes where ${pages * pageSize} belong. Copy it again, or move it away and import advisories again.`,
  )
}
