import { type Severity, severities } from '@berth/scanner/finding.ts'
import { setTimeout as wait } from 'node:timers/promises'
import { type Page, placeAfter, readPage } from '../access/page.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import type { Database } from '../metadata/database.ts'
import {
  type BlobHolder,
  type FigureRow,
  type ProjectWithFigures,
  blobHolders,
  countFindingsNow,
  findingCountsByProject,
  listProjectsByUsage,
  projectParents,
  projectsWithFigures,
  saveProjectFigures,
} from '../metadata/project-figures.ts'
import { findProject } from '../metadata/projects.ts'

export type { ProjectWithFigures }

export type CountedProject = ProjectWithFigures & {
  /** What is open right in it, of the moment `countedAt`; `undefined`: nobody has counted yet. */
  findings: (Record<Severity, number> & { countedAt: string }) | undefined
}

/** Findings of so many repositories are counted when somebody asks. */
const countedNowMax = 500

const rowsAtOnce = 1000
const savedAtOnce = 200
/** Rests as long as it works: it is in no hurry. */
const restFactor = 1

/** What projects hold and how they stand, in figures that were counted before anybody asks. */
export class ProjectFigures {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /** Of these projects, 500 at most, by name. */
  async ofProjects(names: readonly string[]): Promise<ReadonlyMap<string, CountedProject>> {
    const found = await projectsWithFigures(this.#database.read, names)
    const projects = found.map(async (project) => {
      return { ...project, findings: await this.#findingsOf(project) }
    })
    return new Map((await Promise.all(projects)).map((project) => [project.name, project]))
  }

  async #findingsOf({ id, figures }: ProjectWithFigures): Promise<CountedProject['findings']> {
    const query = { projectId: id, most: countedNowMax }
    const now = await countFindingsNow(this.#database.read, query)
    if (now) return { ...now, countedAt: new Date(this.#now()).toISOString() }
    if (!figures) return undefined
    const { critical, high, medium, low, negligible, unknown, measured_at: countedAt } = figures
    return { critical, high, medium, low, negligible, unknown, countedAt }
  }

  /** The largest first, or by name; `parent` names the project right above. Throws `requestInvalid` for a foreign `after`. */
  async listByUsage(query: {
    sort: 'size' | 'name'
    parent: string | undefined
    after: string | undefined
    limit: number
  }): Promise<Page<ProjectWithFigures>> {
    const { sort } = query
    const db = this.#database.read
    const after = readPlace(sort, query.after)
    const parent = query.parent === undefined ? undefined : await findProject(db, query.parent)
    // Sub-projects of a missing project and of one with none look alike.
    if (query.parent !== undefined && !parent) return { items: [], next: null }
    return readPage(
      query.limit,
      (limit) => listProjectsByUsage(db, { sort, parentId: parent?.id, after, limit }),
      ({ booked, id, name }) => (sort === 'name' ? name : writeCursor(String(booked), String(id))),
      (project) => project,
    )
  }

  /**
   * Counts anew what of each project nobody else holds, and what is open in it. It reads the books by index, a little at
   * a time, and never the store.
   */
  async measure(signal: AbortSignal): Promise<{ projects: number; blobs: number }> {
    const tally = new Tally(await projectParents(this.#database.read))
    for (let after = { digest: '', repositoryId: 0 }; !signal.aborted; ) {
      const started = performance.now()
      const holders = await blobHolders(this.#database.read, { after, limit: rowsAtOnce })
      const last = holders.at(-1)
      if (!last) break
      for (const holder of holders) tally.addHolder(holder)
      after = last
      await wait((performance.now() - started) * restFactor)
    }
    tally.endBlob()
    for (let after = 0; !signal.aborted; ) {
      const started = performance.now()
      const counts = await findingCountsByProject(this.#database.read, { after, limit: rowsAtOnce })
      const last = counts.at(-1)
      if (!last) break
      for (const { project_id: project, ...count } of counts) tally.addFindings(project, count)
      after = last.repository_id
      await wait((performance.now() - started) * restFactor)
    }
    // Half of a count is worse than that of yesterday.
    if (signal.aborted) return { projects: 0, blobs: 0 }
    const rows = tally.rows(new Date(this.#now()).toISOString())
    for (let start = 0; start < rows.length && !signal.aborted; start += savedAtOnce) {
      const portion = rows.slice(start, start + savedAtOnce)
      await this.#database.relaxedTransaction((tx) => saveProjectFigures(tx, portion))
      await wait(1)
    }
    return { projects: rows.length, blobs: tally.blobs }
  }
}

type Figures = Omit<FigureRow, 'project_id' | 'measured_at'>

/** Adds up blobs, which come with all their holders one after the other, and findings. */
class Tally {
  blobs = 0
  readonly #parents: ReadonlyMap<number, number | null>
  readonly #figures: ReadonlyMap<number, Figures>
  readonly #holders = new Set<number>()
  #blob: { digest: string; size: number } | undefined

  constructor(parents: ReadonlyMap<number, number | null>) {
    this.#parents = parents
    this.#figures = new Map([...parents.keys()].map((id) => [id, noFigures()]))
  }

  addHolder({ digest, size, projectId }: BlobHolder): void {
    if (this.#blob?.digest !== digest) {
      this.endBlob()
      this.#blob = { digest, size }
    }
    this.#holders.add(projectId)
  }

  /**
   * A blob is of its own to the nearest project that has all of its holders, and to those above; to those below, on the way
   * to the holders, it is shared.
   */
  endBlob(): void {
    if (!this.#blob) return
    const { size } = this.#blob
    const held = new Map<number, number>()
    for (const holder of this.#holders) {
      for (const project of this.#chainOf(holder)) held.set(project, (held.get(project) ?? 0) + 1)
    }
    for (const [project, count] of held) {
      const figures = this.#figures.get(project)
      if (!figures) continue
      if (count === this.#holders.size) figures.unique_bytes += size
      else figures.shared_bytes += size
    }
    this.blobs += 1
    this.#blob = undefined
    this.#holders.clear()
  }

  addFindings(project: number, counts: Record<Severity, number>): void {
    const figures = this.#figures.get(project)
    if (!figures) return
    for (const severity of severities) figures[severity] += counts[severity]
  }

  rows(measuredAt: string): FigureRow[] {
    return [...this.#figures]
      .map(([id, figures]) => ({ ...figures, project_id: id, measured_at: measuredAt }))
      .toSorted((a, b) => a.project_id - b.project_id)
  }

  /** The project and those above it. */
  *#chainOf(project: number): Generator<number> {
    for (
      let id: number | null | undefined = project;
      id !== null && id !== undefined;
      id = this.#parents.get(id)
    ) {
      yield id
    }
  }
}

function noFigures(): Figures {
  return {
    unique_bytes: 0,
    shared_bytes: 0,
    critical: 0,
    high: 0,
    medium: 0,
    low: 0,
    negligible: 0,
    unknown: 0,
  }
}

function readPlace(sort: 'size' | 'name', after: string | undefined) {
  if (after === undefined) return undefined
  if (sort === 'name') return { booked: 0, id: 0, name: placeAfter(after) }
  const [booked, id] = readCursor(after, 2)
  return { booked: Number(booked) || 0, id: Number(id) || 0, name: '' }
}
