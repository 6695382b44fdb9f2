import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../access/caller.ts'
import { BerthError } from '../errors.ts'
import {
  type BoundedCount,
  type RepositoryListing,
  listRepositories,
  readRepository,
} from '../metadata/browse.ts'
import type { Database } from '../metadata/database.ts'

export type RepositoryView = { name: string; project: string; createdAt: string }

/** Windows of names looked at for one page; after that a page is short, and the next goes on. */
const windowsMax = 10
const windowMin = 50

/** Repositories as people look at them. */
export class RepositoryBrowser {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /** Those that the caller may pull, by name. A page may be short or empty though `next` leads on. */
  async listRepositories(
    caller: Caller,
    query: {
      project: string | undefined
      prefix: string | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: RepositoryView[]; next: string | null }> {
    const projects = await caller.readableProjects()
    const items: RepositoryView[] = []
    if (projects !== 'all' && projects.length === 0) return { items, next: null }
    let { after } = query
    for (let window = 0; window < windowsMax; window += 1) {
      const limit = Math.max(query.limit, windowMin)
      const { project: within, prefix } = query
      const rows = await listRepositories(this.#database.read, {
        projects,
        within,
        prefix,
        after,
        limit,
      })
      for (const row of rows) {
        if (items.length === query.limit) return { items, next: after ?? null }
        after = row.name
        // The project may be open to the caller and the repository not: a robot is for some of them.
        if (await caller.may('pull', row.name as RepositoryName)) items.push(toView(row))
      }
      if (rows.length < limit) return { items, next: null }
    }
    return { items, next: after ?? null }
  }

  /** Throws `notFound`. */
  async getRepository(
    name: RepositoryName,
  ): Promise<
    RepositoryView & { tags: BoundedCount; manifests: BoundedCount; pushedAt: string | null }
  > {
    const row = await readRepository(this.#database.read, name)
    if (!row) throw noRepository()
    return {
      ...toView(row),
      tags: row.tags,
      manifests: row.manifests,
      pushedAt: row.pushed_at,
    }
  }
}

/** In the words of a caller who may not see it. */
export function noRepository(): BerthError {
  return new BerthError('notFound', 'There is no such repository.')
}

function toView(row: RepositoryListing): RepositoryView {
  return { name: row.name, project: row.project, createdAt: row.created_at }
}
