import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { type RepositoryReads, prepareRepositoryReads } from '../metadata/repositories.ts'
import {
  isFiltered,
  listTags,
  placeOf,
  readTag,
  type TagListing,
  type TagPlace,
  type TagQuery,
  type TagSort,
  windowEnd,
} from '../metadata/tag-listings.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { noRepository } from './repositories.ts'
import { type ScanSummaries, type TagDetails, TagDetailing } from './tag-details.ts'

export type TagView = {
  name: string
  digest: string
  mediaType: string
  size: number
  createdAt: string
  updatedAt: string
} & TagDetails

/** Tags that a filter looks at for one page, portion by portion; after that a page is short. */
const windows = [2000, 8000, 20_000, 20_000, 20_000]

/** Tags as people look at them. */
export class TagBrowser {
  readonly #database: Database
  readonly #repositories: RepositoryReads
  readonly #details: TagDetailing

  constructor(parts: { database: Database; scans: ScanSummaries }) {
    this.#database = parts.database
    this.#repositories = prepareRepositoryReads(parts.database)
    this.#details = new TagDetailing(parts)
  }

  /** A page may be short though `next` leads on. Throws `notFound` without the repository, `requestInvalid` for a foreign `after`. */
  async listTags(
    repository: RepositoryName,
    query: {
      sort: TagSort
      order: 'ascending' | 'descending' | undefined
      prefix: string | undefined
      contains: string | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: TagView[]; next: string | null }> {
    const { sort, prefix, contains, limit } = query
    const after = query.after === undefined ? undefined : readPlace(query.after, sort)
    const found = await this.#find(repository)
    const { rows, next } = await this.#page(
      {
        repositoryId: found.id,
        sort,
        descending: (query.order ?? defaultOrder[sort]) === 'descending',
        prefix,
        contains,
        after,
      },
      limit,
    )
    return {
      items: await this.#toViews(found, rows),
      next: next ? writePlace(next, sort) : null,
    }
  }

  /** Throws `notFound`. */
  async getTag(repository: RepositoryName, tag: TagName): Promise<TagView> {
    const found = await this.#find(repository)
    const row = await readTag(this.#database.read, found.id, tag)
    const [view] = row ? await this.#toViews(found, [row]) : []
    if (!view) throw new BerthError('notFound', 'There is no such tag in the repository.')
    return view
  }

  async #find(name: RepositoryName): Promise<{ id: number; name: RepositoryName }> {
    const found = await this.#repositories.find.first({ name })
    if (!found) throw noRepository()
    return { id: found.id, name }
  }

  async #page(
    query: TagQuery,
    limit: number,
  ): Promise<{ rows: TagListing[]; next: TagPlace | undefined }> {
    const { read } = this.#database
    const rows: TagListing[] = []
    let { after } = query
    for (const window of windows) {
      const wanted = limit + 1 - rows.length
      const portion = { ...query, after, window, limit: wanted }
      rows.push(...(await listTags(read, portion)))
      if (rows.length > limit) {
        rows.length = limit
        const last = rows.at(-1)
        return { rows, next: last && placeOf(last, query.sort) }
      }
      after = isFiltered(query) ? await windowEnd(read, portion) : undefined
      if (after === undefined) break
    }
    return { rows, next: after }
  }

  async #toViews(
    repository: { id: number; name: RepositoryName },
    rows: readonly TagListing[],
  ): Promise<TagView[]> {
    const details = await this.#details.describe(repository, rows)
    return rows.flatMap((row) => {
      const described = details.get(row.digest)
      return described ? [{ ...toView(row), ...described }] : []
    })
  }
}

const defaultOrder = {
  name: 'ascending',
  updatedAt: 'descending',
  version: 'descending',
} as const satisfies Record<TagSort, string>

function readPlace(cursor: string, sort: TagSort): TagPlace {
  const values = readCursor(cursor, sort === 'name' ? 1 : 2)
  const [key = '', name = key] = values
  return { key, name }
}

function writePlace({ key, name }: TagPlace, sort: TagSort): string {
  return sort === 'name' ? writeCursor(name) : writeCursor(key, name)
}

function toView(row: TagListing) {
  return {
    name: row.name,
    digest: row.digest,
    mediaType: row.media_type,
    size: row.size,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
