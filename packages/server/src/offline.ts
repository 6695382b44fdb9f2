import { type Access, openAccess } from './access/open.ts'
import { type Audit, openAudit } from './audit/open.ts'
import type { Config } from './config/schema.ts'
import { JobQueue } from './jobs/queue.ts'
import { createLogger } from './log.ts'
import type { Database } from './metadata/database.ts'
import { openDatabase } from './metadata/open.ts'
import { openCore } from './open-core.ts'
import { Usage } from './quota/usage.ts'
import type { Registry } from './registry/open.ts'
import { SearchIndex } from './search/index.ts'
import { openStorage } from './storage/open.ts'

/** What `berth user` and `berth project` need: the database, beside a server that may be running. */
export async function openAccessOffline(
  config: Config,
): Promise<Pick<Access, 'users' | 'projects' | 'members'> & { close(): Promise<void> }> {
  const database = await openDatabase(config.metadata)
  const index = new SearchIndex({ queue: new JobQueue({ database, now: Date.now }) })
  const books = { usage: new Usage({ database }), index }
  const access = await openAccess({ database, config, books })
  return { ...access, close: () => database.close() }
}

/** What `berth audit` needs. Nothing is forwarded or removed by it. */
export async function openAuditOffline(
  config: Config,
): Promise<Audit & { close(): Promise<void> }> {
  const database = await openDatabase(config.metadata)
  const audit = openAudit({
    database,
    settings: config.audit,
    fetch: () => Promise.reject(new Error('This command asks nobody outside.')),
    logger: createLogger(config.log),
    now: Date.now,
  })
  return { ...audit, close: () => database.close() }
}

/** What `berth gc` and `berth fsck` need: the database and the store, beside a server that may be running. */
export async function openRegistryOffline(
  config: Config,
): Promise<{ database: Database; registry: Registry; close(): Promise<void> }> {
  const database = await openDatabase(config.metadata)
  const storage = await openStorage(config.storage)
  const { registry } = await openCore({
    config,
    database,
    storage,
    logger: createLogger(config.log),
    clock: () => new Date(),
  })
  return {
    database,
    registry,
    async close() {
      await registry.uploads.close()
      await storage.close()
      await database.close()
    },
  }
}
