import type { RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  type RepositoryReads,
  type RepositoryRow,
  prepareRepositoryReads,
} from '../metadata/repositories.ts'
import type { Page } from './page.ts'

/** Which repositories a list may show. */
export type Visible = {
  /** In these projects, by id. */
  readonly projects: 'all' | readonly number[]
  /** Asked for each name besides. */
  readonly mayPull: (repository: RepositoryName) => Promise<boolean>
}

/** Up to so many projects each is read by itself; beyond, names are read in order and those of other projects left out. */
const projectsReadAlone = 100
const rowsPerRead = 500
const rowsPerProject = 100
const readsPerPage = 10
/** Before a place in the list that is told by a repository's id. Names cannot begin with it. */
const placeMark = '~'

/** Some rows of the list; `scannedTo` is `undefined` when there are none behind them. */
type Portion = { rows: RepositoryRow[]; scannedTo: RepositoryRow | undefined }

/** The list of repositories. */
export class Repositories {
  readonly #reads: RepositoryReads
  readonly #pageMax: number

  constructor(parts: { database: Database; pageMax: number }) {
    this.#reads = prepareRepositoryReads(parts.database)
    this.#pageMax = parts.pageMax
  }

  /**
   * Names in byte order; `next` is where the next page begins, if there may be one. A page costs the same however many
   * repositories the caller may not see: after some thousands of those it ends early, even empty.
   * Throws `pageInvalid` for a place that is gone.
   */
  async listRepositories(
    page: Page,
    visible: Visible,
  ): Promise<{ repositories: RepositoryName[]; next: string | undefined }> {
    const limit = Math.min(page.limit ?? this.#pageMax, this.#pageMax)
    const repositories: RepositoryName[] = []
    if (limit === 0) return { repositories, next: undefined }
    let last: RepositoryRow | undefined
    let after = await this.#readPlace(page.after)
    for (let read = 0; read < readsPerPage; read += 1) {
      const { rows, scannedTo } = await this.#readPortion(visible.projects, after)
      for (const row of rows) {
        if (!(await visible.mayPull(row.name))) continue
        if (repositories.length === limit) return { repositories, next: repositories.at(-1) }
        repositories.push(row.name)
      }
      if (!scannedTo) return { repositories, next: undefined }
      last = scannedTo
      after = scannedTo.name
    }
    // The name of a repository that the caller may not see must not be told; its number says nothing.
    const isShown = last?.name === repositories.at(-1)
    return { repositories, next: isShown ? last?.name : `${placeMark}${last?.id}` }
  }

  async #readPlace(after: string | undefined): Promise<string> {
    if (!after?.startsWith(placeMark)) return after ?? ''
    const id = after.slice(placeMark.length)
    const found = /^\d{1,15}$/.test(id)
      ? await this.#reads.name.first({ id: Number(id) })
      : undefined
    if (found) return found.name
    throw new BerthError(
      'pageInvalid',
      'The place in the list that the parameter last tells is gone. Begin again without it.',
    )
  }

  async #readPortion(projects: Visible['projects'], after: string): Promise<Portion> {
    if (projects !== 'all' && projects.length <= projectsReadAlone) {
      return this.#readProjects(projects, after)
    }
    const rows = await this.#reads.page.all({ after, limit: rowsPerRead })
    const scannedTo = rows.length === rowsPerRead ? rows.at(-1) : undefined
    if (projects === 'all') return { rows, scannedTo }
    const among = new Set(projects)
    return { rows: rows.filter((row) => among.has(row.projectId)), scannedTo }
  }

  /** Merges the lists of a few projects, as far as each of them was read. */
  async #readProjects(projects: readonly number[], after: string): Promise<Portion> {
    const all: RepositoryRow[] = []
    let scannedTo: RepositoryRow | undefined
    for (const project of projects) {
      const rows = await this.#reads.pageOfProject.all({ project, after, limit: rowsPerProject })
      all.push(...rows)
      const end = rows.length === rowsPerProject ? rows.at(-1) : undefined
      if (end && (!scannedTo || end.name < scannedTo.name)) scannedTo = end
    }
    all.sort((a, b) => (a.name < b.name ? -1 : 1))
    const until = scannedTo?.name
    return { rows: until === undefined ? all : all.filter(({ name }) => name <= until), scannedTo }
  }
}
