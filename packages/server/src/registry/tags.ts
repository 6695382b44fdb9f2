import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { type RepositoryReads, prepareRepositoryReads } from '../metadata/repositories.ts'
import { type TagReads, prepareTagReads } from '../metadata/tags.ts'
import { type Page, cutPage } from './page.ts'

/** Lists of tags. Tags are set and removed with manifests, in `manifests.ts`. */
export class Tags {
  readonly #reads: TagReads
  readonly #repositories: RepositoryReads
  readonly #pageMax: number

  constructor(parts: { database: Database; pageMax: number }) {
    this.#reads = prepareTagReads(parts.database)
    this.#repositories = prepareRepositoryReads(parts.database)
    this.#pageMax = parts.pageMax
  }

  /** Tags in byte order; `next` is the last one when there are more. Throws `nameUnknown`. */
  async listTags(
    repository: RepositoryName,
    page: Page,
  ): Promise<{ tags: TagName[]; next: TagName | undefined }> {
    const found = await this.#repositories.find.first({ name: repository })
    if (!found) {
      throw new BerthError('nameUnknown', `There is no repository ${repository}.`, {
        details: [{ name: repository }],
      })
    }
    const { items, next } = await cutPage(page, this.#pageMax, async (limit) => {
      const rows = await this.#reads.page.all({
        repository: found.id,
        after: page.after ?? '',
        limit,
      })
      return rows.map((row) => row.name)
    })
    return { tags: items, next }
  }
}
