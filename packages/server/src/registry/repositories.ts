import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Database } from '../metadata/database.ts'
import { type RepositoryReads, prepareRepositoryReads } from '../metadata/repositories.ts'
import { type Page, cutPage } from './page.ts'

/** The list of repositories. */
export class Repositories {
  readonly #reads: RepositoryReads
  readonly #pageMax: number

  constructor(parts: { database: Database; pageMax: number }) {
    this.#reads = prepareRepositoryReads(parts.database)
    this.#pageMax = parts.pageMax
  }

  /** Names in byte order; `next` is the last one when there are more. */
  async listRepositories(
    page: Page,
  ): Promise<{ repositories: RepositoryName[]; next: RepositoryName | undefined }> {
    const { items, next } = await cutPage(page, this.#pageMax, async (limit) => {
      const rows = await this.#reads.page.all({ after: page.after ?? '', limit })
      return rows.map((row) => row.name as RepositoryName)
    })
    return { repositories: items, next }
  }
}
