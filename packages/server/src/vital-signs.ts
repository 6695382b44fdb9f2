import type { ReadinessCheck } from './http/health.ts'
import type { Database } from './metadata/database.ts'
import { readLevels } from './metadata/levels.ts'
import type { Metrics } from './metrics.ts'
import type { StorageDriver } from './storage/driver.ts'

/** Sets the figures that are counted when somebody asks for them. */
export async function sampleLevels(
  metrics: Metrics,
  database: Database,
  storage: StorageDriver,
): Promise<void> {
  const levels = await readLevels(database.read, new Date().toISOString())
  metrics.uploadSessionsOpen.set(levels.uploadSessionsOpen)
  metrics.trashDue.set(levels.trashDue)
  metrics.damagedBlobs.set(levels.damagedBlobs)
  const space = await storage.space()
  if (space) metrics.storageFreeBytes.set(space.free)
}

/** What must work for this Berth to be sent clients. Cheap: anyone can ask. */
export function readinessChecks(database: Database, storage: StorageDriver): ReadinessCheck[] {
  return [
    {
      name: 'database',
      check: async () => {
        await database.read.selectFrom('secrets').select('name').limit(1).execute()
      },
    },
    {
      name: 'storage',
      check: async () => {
        // Whether it answers; a full store still serves pulls, so it is no reason to send clients away.
        await storage.space()
      },
    },
  ]
}
