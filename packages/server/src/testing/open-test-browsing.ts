import { CollectionState } from '../browse/collection.ts'
import { ManifestBrowser } from '../browse/manifests.ts'
import { RepositoryBooks } from '../browse/repository-books.ts'
import { RepositoryText } from '../browse/repository-text.ts'
import { RepositoryBrowser } from '../browse/repositories.ts'
import { RepositoryRemoval } from '../browse/repository-removal.ts'
import { System } from '../browse/system.ts'
import { TagBrowser } from '../browse/tags.ts'
import { collectionRoutes } from '../http/management/collection.ts'
import { jobRoutes } from '../http/management/jobs.ts'
import { manifestRoutes } from '../http/management/manifests.ts'
import { referrerRoutes } from '../http/management/referrers.ts'
import { repositoryRoutes } from '../http/management/repositories.ts'
import { searchRoutes } from '../http/management/search.ts'
import { systemRoutes } from '../http/management/system.ts'
import { tagRoutes } from '../http/management/tags.ts'
import { verificationRoutes } from '../http/management/verification.ts'
import { Jobs } from '../jobs/jobs.ts'
import { JobQueue } from '../jobs/queue.ts'
import type { Database } from '../metadata/database.ts'
import type { Admission } from '../registry/admission.ts'
import { unrestricted } from '../registry/unrestricted.ts'
import { SearchIndex } from '../search/index.ts'
import { ImageFindings } from '../scan/image-findings.ts'
import { ScanSummaries } from '../scan/scan-summaries.ts'
import { Search } from '../search/search.ts'
import { version } from '../version.ts'
import { openTestManagement, type TestManagement } from './open-test-management.ts'
import { TestRegistry } from './open-test-registry.ts'

export type TestBrowsing = {
  readonly api: TestManagement
  readonly store: TestRegistry
  readonly queue: JobQueue
  readonly books: RepositoryBooks
  close(): Promise<void>
}

/** The routes by which people look at a registry and at its work in the background, over a registry on this database. */
export async function openTestBrowsing(
  database: Database,
  rules: Partial<Admission> = {},
): Promise<TestBrowsing> {
  const now = Date.now
  const queue = new JobQueue({ database, now })
  const index = new SearchIndex({ queue })
  const admission: Admission = {
    ...unrestricted,
    async record(tx, _context, event) {
      await books.record(tx, event)
      await index.record(tx, event)
    },
    ...rules,
  }
  const store = new TestRegistry(database, { admission })
  const books = new RepositoryBooks({ database, now: () => store.now() })
  const scans = new ScanSummaries({ database, findings: new ImageFindings({ database }) })
  const { manifests, blobs, referrers } = store.registry
  const jobs = new Jobs({ database, queue, now })
  const api = await openTestManagement({
    database,
    bindings: [
      ...repositoryRoutes,
      ...tagRoutes,
      ...manifestRoutes,
      ...referrerRoutes,
      ...searchRoutes,
      ...jobRoutes,
      ...collectionRoutes,
      ...verificationRoutes,
      ...systemRoutes,
    ],
    door: {
      jobs,
      collection: new CollectionState({ database, jobs, now }),
      system: new System({
        database,
        storage: store.storage,
        storageKind: 'memory',
        version,
        now,
      }),
      search: new Search({ database }),
      repositories: new RepositoryBrowser({ database }),
      repositoryText: new RepositoryText({ database, now }),
      repositoryRemoval: new RepositoryRemoval({ database, manifests, blobs, admission, now }),
      tags: new TagBrowser({ database, scans }),
      manifests: new ManifestBrowser({ database, manifests, blobs }),
      referrers,
    },
  })
  return {
    api,
    store,
    queue,
    books,
    async close() {
      await api.close()
      await store.close()
    },
  }
}
