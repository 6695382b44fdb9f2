import type { DatabaseSync } from 'node:sqlite'
import type { AdvisoryData } from '../finding.ts'

/** What an advisory database says of itself. */
export function readData(database: DatabaseSync): AdvisoryData {
  const sources = database
    .prepare('SELECT name, built_at, records, license FROM source ORDER BY name')
    .all()
    .map((row) => ({
      name: String(row['name']),
      builtAt: String(row['built_at']),
      records: Number(row['records']),
      ...(row['license'] !== null && { license: String(row['license']) }),
    }))
  const revision = database.prepare(`SELECT value FROM meta WHERE key = 'revision'`).get()?.[
    'value'
  ]
  return {
    revision: Number(revision),
    builtAt:
      sources
        .map((source) => source.builtAt)
        .toSorted()
        .at(-1) ?? null,
    sources,
  }
}
