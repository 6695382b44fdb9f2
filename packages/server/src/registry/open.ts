import type { Config } from '../config/schema.ts'
import type { Database } from '../metadata/database.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Admission } from './admission.ts'
import { Blobs } from './blobs.ts'
import { Collection } from './collection.ts'
import { type Clock, Grace } from './grace.ts'
import { HotBlobs } from './hot-blobs.ts'
import { Manifests } from './manifests.ts'
import { Referrers } from './referrers.ts'
import { Repositories } from './repositories.ts'
import { Sweep } from './sweep.ts'
import { Tags } from './tags.ts'
import { Uploads } from './uploads.ts'
import { Verification } from './verification.ts'

export type Registry = {
  blobs: Blobs
  uploads: Uploads
  manifests: Manifests
  tags: Tags
  repositories: Repositories
  referrers: Referrers
  collection: Collection
  sweep: Sweep
  verification: Verification
}

/** The core on one database and one store. */
export function openRegistry(parts: {
  database: Database
  storage: StorageDriver
  config: Pick<Config, 'registry' | 'collection' | 'storage'>
  clock: Clock
  /** Rules before a write, and those who are told of it. */
  admission: Admission
}): Registry {
  const { database, storage, config, clock, admission } = parts
  const { pageMax } = config.registry
  const grace = new Grace(config.collection, clock)
  const hot = new HotBlobs({
    cacheBytes: config.storage.hotBlobCacheBytes,
    maxBlobBytes: config.storage.hotBlobMaxBytes,
  })
  const manifests = new Manifests({
    database,
    grace,
    admission,
    settings: {
      allowSparseManifests: config.registry.allowSparseManifests,
      untagged: config.collection.untagged,
    },
  })
  const uploads = new Uploads({ database, storage, grace, admission, limits: config.registry })
  return {
    blobs: new Blobs({ database, storage, hot, grace, admission }),
    uploads,
    manifests,
    tags: new Tags({ database, pageMax }),
    repositories: new Repositories({ database, pageMax }),
    referrers: new Referrers({ database }),
    collection: new Collection({ database, storage, manifests, uploads, hot, grace, admission }),
    sweep: new Sweep({ database, storage, grace }),
    verification: new Verification({ database, storage, hot, clock }),
  }
}
