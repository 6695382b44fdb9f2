import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Workplace } from './server-process.ts'

/** Looks into the database beside a server, or after it, without changing anything. */
export function query(
  place: Workplace,
  sql: string,
  ...values: string[]
): Record<string, unknown>[] {
  const database = new DatabaseSync(join(place.dataDirectory, 'metadata.sqlite'), {
    readOnly: true,
  })
  try {
    return database.prepare(sql).all(...values)
  } finally {
    database.close()
  }
}

/** The file that holds a blob. */
export function fileOfBlob(place: Workplace, digest: string): string {
  const [row] = query(place, 'select storage_key from blobs where digest = ?', digest)
  if (row === undefined) throw new Error(`the database has no blob ${digest}`)
  return join(place.dataDirectory, 'blobs', String(row['storage_key']))
}

/** Every file in the folder of blobs, with its size. */
export async function storedFiles(place: Workplace): Promise<{ path: string; size: number }[]> {
  const folder = join(place.dataDirectory, 'blobs')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      return { path, size: (await stat(path)).size }
    }),
  )
}
