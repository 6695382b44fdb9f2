import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../access/caller.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import { type BoundedCount, countMax } from '../metadata/browse.ts'
import type { Database } from '../metadata/database.ts'
import {
  listRepositories,
  readRepository,
  type RepositoryListing,
  type RepositoryPlace,
  type RepositorySort,
} from '../metadata/repository-listings.ts'

export type RepositoryView = {
  name: string
  project: string
  createdAt: string
  description: string
  tags: BoundedCount
  size: number
  pushedAt: string | null
  lastPulledAt: string | null
  pulls: number
}

export type RepositoryDetails = RepositoryView & {
  manifests: BoundedCount
  readme: string | null
  version: number
}

/** Repositories that filters look at for one page, portion by portion; after that a page is short, and the next goes on. */
const windows = [1000, 4000, 16_000, 20_000, 20_000, 20_000]
const rowsMin = 50

const defaultOrder = {
  name: 'ascending',
  pushedAt: 'descending',
  size: 'descending',
} as const satisfies Record<RepositorySort, string>

/** Repositories as people look at them. */
export class RepositoryBrowser {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /**
   * Those that the caller may pull. A page may be short or empty though `next` leads on. Throws `requestInvalid` for a
   * foreign `after`.
   */
  async listRepositories(
    caller: Caller,
    query: {
      sort: RepositorySort
      order: 'ascending' | 'descending' | undefined
      project: string | undefined
      prefix: string | undefined
      contains: string | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: RepositoryView[]; next: string | null }> {
    const { sort, project: within, prefix, contains } = query
    const descending = (query.order ?? defaultOrder[sort]) === 'descending'
    let after = query.after === undefined ? undefined : readPlace(query.after, sort)
    const projects = await caller.readableProjects()
    const items: RepositoryView[] = []
    if (projects !== 'all' && projects.length === 0) return { items, next: null }
    for (const window of windows) {
      const { rows, next } = await listRepositories(this.#database.read, {
        sort,
        descending,
        projects,
        within,
        prefix,
        contains,
        after,
        limit: Math.max(query.limit + 1, rowsMin),
        window,
      })
      for (const row of rows) {
        if (items.length === query.limit) {
          return { items, next: after ? writePlace(after, sort) : null }
        }
        after = { key: row.key, name: row.name }
        // The project may be open to the caller and the repository not: a robot is for some of them.
        if (await caller.may('pull', row.name as RepositoryName)) items.push(toView(row))
      }
      after = next
      if (after === undefined) return { items, next: null }
    }
    return { items, next: after ? writePlace(after, sort) : null }
  }

  /** Throws `notFound`. */
  async getRepository(name: RepositoryName): Promise<RepositoryDetails> {
    const row = await readRepository(this.#database.read, name)
    if (!row) throw noRepository()
    const { manifests, readme, version } = row
    return { ...toView(row), manifests, readme, version }
  }
}

/** In the words of a caller who may not see it. */
export function noRepository(): BerthError {
  return new BerthError('notFound', 'There is no such repository.')
}

/** A list by name goes on behind the last name; others behind a value, which may be empty, and a name. */
function readPlace(cursor: string, sort: RepositorySort): RepositoryPlace {
  if (sort === 'name') return { key: cursor, name: cursor }
  const [key = '', name = ''] = readCursor(cursor, 2)
  return { key: key.slice(1), name }
}

function writePlace({ key, name }: RepositoryPlace, sort: RepositorySort): string {
  return sort === 'name' ? name : writeCursor(`=${key}`, name)
}

function toView(row: RepositoryListing): RepositoryView {
  return {
    name: row.name,
    project: row.project,
    createdAt: row.created_at,
    description: row.description,
    tags: { count: Math.min(row.tags, countMax), isMore: row.tags > countMax },
    size: row.size,
    pushedAt: row.pushed_at === '' ? null : row.pushed_at,
    lastPulledAt: row.last_pulled_at === '' ? null : row.last_pulled_at,
    pulls: row.pulls,
  }
}
