import { type BoundedCount, countEverything } from '../metadata/browse.ts'
import type { Database } from '../metadata/database.ts'
import type { StorageDriver } from '../storage/driver.ts'

export type SystemView = {
  version: string
  database: { kind: 'sqlite' | 'postgres' }
  storage: { kind: string; freeBytes: number | null; totalBytes: number | null }
  startedAt: string
  uptimeSeconds: number
  counts: Record<
    'projects' | 'repositories' | 'manifests' | 'tags' | 'users' | 'damagedBlobs',
    BoundedCount
  >
}

/** How this Berth is doing, for those who look after it. Neither addresses nor paths. */
export class System {
  readonly #database: Database
  readonly #storage: StorageDriver
  readonly #storageKind: string
  readonly #version: string
  readonly #now: () => number
  readonly #startedAt: number

  constructor(parts: {
    database: Database
    storage: StorageDriver
    storageKind: string
    version: string
    now: () => number
  }) {
    this.#database = parts.database
    this.#storage = parts.storage
    this.#storageKind = parts.storageKind
    this.#version = parts.version
    this.#now = parts.now
    this.#startedAt = parts.now()
  }

  async readSystem(): Promise<SystemView> {
    const space = await this.#storage.space()
    return {
      version: this.#version,
      database: { kind: this.#database.kind },
      storage: {
        kind: this.#storageKind,
        freeBytes: space?.free ?? null,
        totalBytes: space?.total ?? null,
      },
      startedAt: new Date(this.#startedAt).toISOString(),
      uptimeSeconds: Math.max(0, Math.floor((this.#now() - this.#startedAt) / 1000)),
      counts: await countEverything(this.#database.read),
    }
  }
}
