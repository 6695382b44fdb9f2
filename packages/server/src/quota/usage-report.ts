import type { RepositoryName } from '@berth/oci/reference.ts'
import { setImmediate as turn } from 'node:timers/promises'
import { levelsOf } from '../access/project-name.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  blobsOf,
  heldOutside,
  manifestsOf,
  repositoriesWithin,
  type Scope,
  type Sized,
  sumOfHeldBlobs,
} from '../metadata/holdings.ts'
import { findProject, findProjects } from '../metadata/projects.ts'
import { findRepository } from '../metadata/repositories.ts'
import { usageOf } from '../metadata/usage.ts'

/** Rows that one report reads at most, and with each statement. */
const rowsMax = 50_000
const portion = 200
/** The same of the whole instance, where the database adds up. */
const blobsMax = 1_000_000
const blobsPortion = 5000

/** What is stored once, however many repositories hold it. */
export type StoredBytes = {
  /** Bytes of blobs that nobody else holds. */
  readonly uniqueBytes: number
  /** Bytes of blobs that others hold as well: deleting here frees none of them. */
  readonly sharedBytes: number
  /** `false`: there is more than a report looks at, and the sums are of a part. */
  readonly complete: boolean
}

export type ProjectUsage = {
  /** As counted against the quota: a blob once for each repository that holds it. */
  readonly bytes: number
  readonly repositories: number
  readonly stored: StoredBytes | null
  /** The limits that hold, the nearest project's first; `''` is the instance. */
  readonly limits: readonly {
    readonly project: string
    readonly bytes: number | null
    readonly repositories: number | null
  }[]
}

export type RepositoryUsage = StoredBytes & {
  /** Blobs and manifests, as counted against the quota. */
  readonly bytes: number
  readonly manifestBytes: number
  /** What deleting the whole repository would free in the store. */
  readonly reclaimableBytes: number
}

/** Says what is used, and by whom besides. It reads by index, a little at a time, and lets others go first. */
export class UsageReports {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /**
   * Of a project and all below it, `''` being the instance. `stored` only for those who may know what other projects
   * hold. Throws `notFound`.
   */
  async projectUsage(name: string, options: { stored: boolean }): Promise<ProjectUsage> {
    const db = this.#database.read
    const project = await findProject(db, name)
    const booked = project && (await usageOf(db, project.id))
    if (!booked) throw new BerthError('notFound', 'There is no such project.')
    const chain = await findProjects(db, levelsOf(name))
    return {
      bytes: booked.bytes,
      repositories: booked.repositories,
      stored: options.stored ? await this.#projectStored(name) : null,
      limits: chain
        .filter((level) => level.quotaBytes !== null || level.quotaRepositories !== null)
        .toReversed()
        .map((level) => ({
          project: level.name,
          bytes: level.quotaBytes,
          repositories: level.quotaRepositories,
        })),
    }
  }

  /** Of one repository. Throws `notFound`. */
  async repositoryUsage(name: RepositoryName): Promise<RepositoryUsage> {
    const repository = await findRepository(this.#database.read, name)
    if (!repository) throw new BerthError('notFound', 'There is no such repository.')
    const tally = new Tally(this.#database, { repositoryId: repository.id })
    await tally.addBlobs(repository.id)
    const manifestBytes = await tally.sumManifests(repository.id)
    const stored = tally.result()
    return {
      bytes: stored.uniqueBytes + stored.sharedBytes + manifestBytes,
      manifestBytes,
      reclaimableBytes: stored.uniqueBytes,
      ...stored,
    }
  }

  async #projectStored(name: string): Promise<StoredBytes> {
    if (name === '') return this.#allStored()
    const tally = new Tally(this.#database, { project: name })
    await tally.addProject(name)
    return tally.result()
  }

  /** Outside of the instance nobody holds anything. */
  async #allStored(): Promise<StoredBytes> {
    let uniqueBytes = 0
    let after = ''
    for (let seen = 0; seen < blobsMax; seen += blobsPortion) {
      const limit = blobsPortion
      const { bytes, count, last } = await sumOfHeldBlobs(this.#database.read, { after, limit })
      uniqueBytes += bytes
      if (last === null || count < limit) return { uniqueBytes, sharedBytes: 0, complete: true }
      after = last
      await turn()
    }
    return { uniqueBytes, sharedBytes: 0, complete: false }
  }
}

/** Adds up distinct blobs of a scope, up to the limit of one report. */
class Tally {
  readonly #database: Database
  readonly #scope: Scope
  readonly #seen = new Set<string>()
  #unique = 0
  #shared = 0
  #rowsLeft = rowsMax

  constructor(database: Database, scope: Scope) {
    this.#database = database
    this.#scope = scope
  }

  result(): StoredBytes {
    return { uniqueBytes: this.#unique, sharedBytes: this.#shared, complete: this.#rowsLeft > 0 }
  }

  async addProject(name: string): Promise<void> {
    await this.#each(
      (page) => repositoriesWithin(this.#database.read, name, page),
      (row) => row.name,
      async (repositories) => {
        for (const { id } of repositories) await this.addBlobs(id)
      },
    )
  }

  async addBlobs(repositoryId: number): Promise<void> {
    await this.#each(
      (page) => blobsOf(this.#database.read, repositoryId, page),
      (row) => row.digest,
      (blobs) => this.#add(blobs),
    )
  }

  async sumManifests(repositoryId: number): Promise<number> {
    let sum = 0
    await this.#each(
      (page) => manifestsOf(this.#database.read, repositoryId, page),
      (row) => row.digest,
      (manifests) => {
        sum += manifests.reduce((bytes, { size }) => bytes + size, 0)
      },
    )
    return sum
  }

  async #add(blobs: readonly Sized[]): Promise<void> {
    const fresh = blobs.filter(({ digest }) => !this.#seen.has(digest))
    const digests = fresh.map(({ digest }) => digest)
    const shared = await heldOutside(this.#database.read, digests, this.#scope)
    for (const { digest, size } of fresh) {
      this.#seen.add(digest)
      if (shared.has(digest)) this.#shared += size
      else this.#unique += size
    }
  }

  async #each<Row>(
    read: (page: { after: string; limit: number }) => Promise<Row[]>,
    keyOf: (row: Row) => string,
    take: (rows: Row[]) => Promise<void> | void,
  ): Promise<void> {
    for (let after = ''; this.#rowsLeft > 0; ) {
      const rows = await read({ after, limit: portion })
      this.#rowsLeft -= rows.length
      await take(rows)
      const last = rows.at(-1)
      if (!last || rows.length < portion) return
      after = keyOf(last)
      await turn()
    }
  }
}
