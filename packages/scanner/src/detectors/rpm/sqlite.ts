import { pathToFileURL } from 'node:url'
import { DatabaseSync } from 'node:sqlite'
import { ScanLimit, Unreadable } from '../../detector.ts'
import { maxBlobBytes } from './gather.ts'

/**
 * Yields the header blobs of `rpmdb.sqlite`. The file is a stranger's: it is opened read-only and immutable (no journal
 * beside it is looked for), its schema is not trusted, and only plain columns of a real table are read. Throws
 * `Unreadable` and `ScanLimit`.
 */
export function* sqliteBlobs(path: string): Generator<Buffer> {
  const url = pathToFileURL(path)
  url.search = '?mode=ro&immutable=1'
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(url, {
      readOnly: true,
      allowExtension: false,
      enableDoubleQuotedStringLiterals: false,
      limits: { length: maxBlobBytes, sqlLength: 100_000, attach: 0 },
    })
    database.exec('PRAGMA trusted_schema = off; PRAGMA cell_size_check = on; PRAGMA mmap_size = 0')
    checkTable(database)
    const rows = database
      .prepare(
        'SELECT length(blob) AS size, CASE WHEN length(blob) <= ? THEN blob END AS blob FROM main.Packages',
      )
      .iterate(maxBlobBytes)
    for (const row of rows) {
      if (row['blob'] instanceof Uint8Array) yield Buffer.from(row['blob'])
      else if (Number(row['size']) > maxBlobBytes) {
        throw new ScanLimit(`a package header has more than ${maxBlobBytes} bytes`)
      } else throw new Unreadable('a row of the table Packages holds no package header')
    }
  } catch (error) {
    if (error instanceof Error && 'errcode' in error) {
      throw new Unreadable(`the SQLite database cannot be read: ${error.message}`)
    }
    throw error
  } finally {
    database?.close()
  }
}

/** A view, a virtual table or a generated column would run the stranger's SQL. */
function checkTable(database: DatabaseSync): void {
  const table = database
    .prepare("SELECT type, rootpage FROM main.sqlite_schema WHERE name = 'Packages'")
    .get()
  if (table?.['type'] !== 'table' || Number(table['rootpage']) < 2) {
    throw new Unreadable('the SQLite database has no table Packages')
  }
  const column = database
    .prepare("SELECT hidden FROM pragma_table_xinfo('Packages') WHERE name = 'blob'")
    .get()
  if (column?.['hidden'] !== 0) {
    throw new Unreadable('the table Packages has no plain column blob')
  }
}
