import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import { type TagListing, listTags, readTag } from '../metadata/browse.ts'
import type { Database } from '../metadata/database.ts'
import { type RepositoryReads, prepareRepositoryReads } from '../metadata/repositories.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { noRepository } from './repositories.ts'

export type TagView = {
  name: string
  digest: string
  mediaType: string
  size: number
  createdAt: string
  updatedAt: string
}

/** Tags as people look at them. */
export class TagBrowser {
  readonly #database: Database
  readonly #repositories: RepositoryReads

  constructor(parts: { database: Database }) {
    this.#database = parts.database
    this.#repositories = prepareRepositoryReads(parts.database)
  }

  /** By name, or the one set last first. Throws `notFound` without the repository, `requestInvalid` for a foreign `after`. */
  async listTags(
    repository: RepositoryName,
    query: {
      sort: 'name' | 'updatedAt'
      prefix: string | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: TagView[]; next: string | null }> {
    const newestFirst = query.sort === 'updatedAt'
    const after = query.after === undefined ? undefined : readPlace(query.after, newestFirst)
    const rows = await listTags(this.#database.read, {
      repository,
      prefix: query.prefix,
      newestFirst,
      after,
      limit: query.limit + 1,
    })
    if (rows.length === 0 && !(await this.#repositories.find.first({ name: repository }))) {
      throw noRepository()
    }
    const page = rows.slice(0, query.limit)
    const last = page.at(-1)
    const next =
      rows.length === page.length || !last
        ? null
        : newestFirst
          ? writeCursor(last.updated_at, last.name)
          : writeCursor(last.name)
    return { items: page.map(toView), next }
  }

  /** Throws `notFound`. */
  async getTag(repository: RepositoryName, tag: TagName): Promise<TagView> {
    const row = await readTag(this.#database.read, repository, tag)
    if (!row) throw new BerthError('notFound', 'There is no such tag in the repository.')
    return toView(row)
  }
}

function readPlace(cursor: string, newestFirst: boolean): { updated_at: string; name: string } {
  const values = readCursor(cursor, newestFirst ? 2 : 1)
  const [updatedAt = '', name = ''] = newestFirst ? values : ['', ...values]
  return { updated_at: updatedAt, name }
}

function toView(row: TagListing): TagView {
  return {
    name: row.name,
    digest: row.digest,
    mediaType: row.media_type,
    size: row.size,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
