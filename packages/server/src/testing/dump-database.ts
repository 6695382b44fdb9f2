import type { Database } from '../metadata/database.ts'
import type { Schema } from '../metadata/schema.ts'

/** Every row of every table as text, for tests that look for what must never be stored. */
export async function dumpDatabase(database: Database): Promise<string> {
  const db = database.read
  const tables = await db.introspection.getTables()
  const dumps = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await db
        .selectFrom(name as keyof Schema)
        .selectAll()
        .execute()
      return `${name}\n${rows.map((row) => JSON.stringify(row)).join('\n')}`
    }),
  )
  return dumps.join('\n')
}
