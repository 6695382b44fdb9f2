import type { RepositoryName } from '@berth/oci/reference.ts'
import { packageKinds } from '@berth/scanner/package.ts'
import type { Caller } from '../access/caller.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { repositoriesWithin } from '../metadata/findings-overview.ts'
import { findRepository } from '../metadata/repositories.ts'
import {
  type ListedFinding,
  type TrackedFilter,
  type TrackedPlace,
  listTracked,
  trackedPlaceAfter,
} from '../metadata/tracked-listing.ts'

/** Of so few repositories the findings are sorted; of more they are looked for in the order of all. */
const fewRepositories = 200
/** Findings looked at in one step, and steps for one page: then it is short, and the next goes on. */
const windowSize = 5000
const windowsMax = 3

export type TrackedListQuery = {
  /** The root is ''. */
  project: string
  sort: 'score' | 'due'
  filter: Omit<TrackedFilter, 'packages'> & {
    /** `kind:name`, or the name of any kind. */
    package: string | undefined
    repository: string | undefined
  }
  after: string | undefined
  limit: number
}

/** Findings of projects with their clocks. */
export class TrackedList {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Those that the caller may see. A page may be short though `next` leads on. Throws `requestInvalid`. */
  async list(
    caller: Caller,
    query: TrackedListQuery,
  ): Promise<{ items: (ListedFinding & { isOverdue: boolean })[]; next: string | null }> {
    const { sort, project, limit } = query
    if (sort === 'due' && query.filter.state !== 'open') throw onlyOpen()
    const db = this.#database.read
    const now = new Date(this.#now()).toISOString()
    const { package: name, repository, ...rest } = query.filter
    const filter = { ...rest, packages: name === undefined ? undefined : packagesNamed(name) }
    const repositories =
      repository === undefined ? await this.#fewIn(project) : await this.#idsOf(repository)
    const isNarrow =
      repositories !== undefined ||
      filter.vulnerability !== undefined ||
      filter.packages !== undefined
    const [severity, ...others] = filter.severities ?? []
    const way = { sort, severity: sort === 'score' && others.length === 0 ? severity : undefined }
    const projects = await caller.readableProjects()
    const items: (ListedFinding & { isOverdue: boolean })[] = []
    let after = query.after === undefined ? undefined : readPlace(sort, query.after)
    for (let window = 0; window < windowsMax; window += 1) {
      const upTo = isNarrow ? undefined : await trackedPlaceAfter(db, { ...way, after }, windowSize)
      const rows = await listTracked(db, {
        ...way,
        filter,
        project,
        projects,
        now,
        after,
        upTo,
        repositories,
        limit: limit + 1,
      })
      for (const row of rows) {
        if (items.length === limit) return { items, next: after ? toCursor(sort, after) : null }
        after = placeOf(row)
        if (await caller.may('pull', row.repository as RepositoryName)) {
          const { closed_at: closed, due_at: due } = row
          items.push({ ...row, isOverdue: closed === null && due !== null && due < now })
        }
      }
      if (rows.length > limit) continue
      if (!upTo) return { items, next: null }
      after = upTo
    }
    return { items, next: after ? toCursor(sort, after) : null }
  }

  async #idsOf(repository: string): Promise<number[]> {
    const found = await findRepository(this.#database.read, repository as RepositoryName)
    return found ? [found.id] : []
  }

  async #fewIn(project: string): Promise<number[] | undefined> {
    const limit = fewRepositories + 1
    const found = await repositoriesWithin(this.#database.read, { project, after: 0, limit })
    return found.length === limit ? undefined : found.map(({ id }) => id)
  }
}

function packagesNamed(name: string): string[] {
  const [kind = ''] = name.split(':', 1)
  if (packageKinds.some((known) => known === kind)) return [name]
  return packageKinds.map((known) => `${known}:${name}`)
}

function onlyOpen(): BerthError {
  const message = 'must be open: only what is open is due'
  return new BerthError('requestInvalid', `state: ${message}.`, {
    details: [{ in: 'query', path: 'state', rule: 'sort', message, accepted: 'open' }],
  })
}

function placeOf(row: ListedFinding): TrackedPlace {
  return {
    score: row.score,
    due: row.due_at ?? '',
    vulnerability: row.vulnerability,
    package: row.package_name,
    repositoryId: row.repository_id,
  }
}

function toCursor(sort: 'score' | 'due', place: TrackedPlace): string {
  const { score, due, vulnerability, package: name, repositoryId } = place
  // Names of packages may hold anything, a space too.
  const encoded = Buffer.from(name).toString('base64url')
  return writeCursor(
    sort === 'due' ? due : String(score),
    vulnerability,
    encoded,
    String(repositoryId),
  )
}

function readPlace(sort: 'score' | 'due', cursor: string): TrackedPlace {
  const [first = '', vulnerability = '', name = '', id] = readCursor(cursor, 4)
  return {
    score: sort === 'score' ? Number(first) || 0 : 0,
    due: sort === 'due' ? first : '',
    vulnerability,
    package: Buffer.from(name, 'base64url').toString(),
    repositoryId: Number(id) || 0,
  }
}
