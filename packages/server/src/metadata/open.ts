import type { Config } from '../config/schema.ts'
import type { Database } from './database.ts'
import { openSqlite } from './sqlite.ts'

/** Opens the database that the configuration names, creates it where that is possible, and migrates it. */
export async function openDatabase(config: Config['metadata']): Promise<Database> {
  switch (config.kind) {
    case 'sqlite':
      return openSqlite({ file: config.file })
    case 'postgres': {
      // Loaded only when it is used: the driver takes several MB.
      const { openPostgres } = await import('./postgres.ts')
      return openPostgres({ url: config.url, maxConnections: config.maxConnections })
    }
  }
}
