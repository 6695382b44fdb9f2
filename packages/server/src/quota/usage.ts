import { setTimeout as wait } from 'node:timers/promises'
import { heldBytes, type RegistryEvent } from '../registry/admission.ts'
import { levelsOf } from '../access/project-name.ts'
import { bumpAccessEpoch } from '../metadata/access-epoch.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { foldDeltas } from '../metadata/fold-deltas.ts'
import {
  type ProjectPlace,
  type StoredProject,
  listProjects,
  rootProjectId,
} from '../metadata/projects.ts'
import {
  addUsage,
  foldUsage,
  recountUsage,
  type Usage as Amounts,
  usageOf,
} from '../metadata/usage.ts'

const projectsPerRead = 200

/** A project whose books were wrong. */
export type Correction = {
  readonly project: string
  readonly before: Amounts
  readonly after: Amounts
}

/**
 * The books of what each project holds, with all below it. Every change of a repository adds a row for each project
 * above it, in the transaction of the change; now and then the rows are folded into one total.
 */
export class Usage {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /** Enters an event of a repository into the books, in its transaction; returns by how much usage changed. */
  async record(tx: Transaction, event: RegistryEvent): Promise<Amounts> {
    const change = changeOf(event)
    if (change.bytes !== 0 || change.repositories !== 0) {
      await addUsage(tx, levelsOf(event.repository.name), change)
    }
    return change
  }

  /** Counts a project anew whose repositories or sub-projects came to it or went, in the transaction of that change. */
  async moved(tx: Transaction, projectId: number): Promise<void> {
    await recountUsage(tx, projectId)
  }

  /** Folds what has come since the last time. Stops early, between two transactions, when `signal` says so. */
  fold(options: { signal?: AbortSignal } = {}): Promise<number> {
    return foldDeltas(this.#database, foldUsage, options)
  }

  /**
   * Counts every project anew, those furthest down first, and returns those whose books were wrong. Pushes wait while
   * one project is counted.
   */
  async recount(options: { signal?: AbortSignal } = {}): Promise<Correction[]> {
    const corrections: Correction[] = []
    const ids = await this.#deepestFirst()
    for (const id of ids) {
      if (options.signal?.aborted) break
      const correction = await this.#database.transaction((tx) => recountProject(tx, id))
      if (correction) corrections.push(correction)
      await wait(1)
    }
    return corrections
  }

  async #deepestFirst(): Promise<number[]> {
    const found: { id: number; depth: number }[] = []
    for (let after: ProjectPlace | undefined; ; ) {
      const page: StoredProject[] = await listProjects(this.#database.read, {
        limit: projectsPerRead,
        after,
      })
      found.push(...page.map(({ id, name }) => ({ id, depth: name.split('/').length })))
      const last = page.at(-1)
      if (!last || page.length < projectsPerRead) break
      after = last
    }
    const deepest = found.toSorted((a, b) => b.depth - a.depth)
    return [...deepest.map(({ id }) => id), rootProjectId]
  }
}

async function recountProject(tx: Transaction, id: number): Promise<Correction | undefined> {
  // It waits for every push under way, and lets none begin.
  await bumpAccessEpoch(tx)
  const booked = await usageOf(tx, id)
  if (!booked) return undefined
  const { project, ...before } = booked
  const after = await recountUsage(tx, id)
  const isRight = before.bytes === after.bytes && before.repositories === after.repositories
  return isRight ? undefined : { project, before, after }
}

function changeOf(event: RegistryEvent): Amounts {
  const repositories =
    event.kind === 'repositoryCreated' ? 1 : event.kind === 'repositoryRemoved' ? -1 : 0
  return { bytes: heldBytes(event), repositories }
}
