import type { RepositoryName } from '@berth/oci/reference.ts'
import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../metadata/database.ts'
import { repositoriesWithin } from '../metadata/findings-overview.ts'
import { deleteWaiting } from '../metadata/jobs.ts'
import { findRepositoryById } from '../metadata/repositories.ts'
import {
  type PresentFinding,
  type TrackedFinding,
  hasWaitingImages,
  presentFindings,
  recountFindings,
  saveTrackedFindings,
  setDueDate,
  trackedFindings,
} from '../metadata/tracked-findings.ts'

const dayLength = 10
const repositoriesAtOnce = 100
const writtenAtOnce = 200
/** Rests as long as it works: it is in no hurry. */
const restFactor = 1

/** When a finding has to be mended, an ISO moment; `null`: nobody says. */
type DueAt = (finding: {
  severity: TrackedFinding['severity']
  isKnownExploited: boolean
  firstSeen: number
  isFixable: boolean
  fixAvailableAt: string | null
}) => string | null

/** Who knows which times policies set. */
export interface DueDates {
  forRepository(repository: RepositoryName): Promise<DueAt>
}

type DatingProgress = { after: number; changed: number }

/** Keeps the clocks of findings: one for each repository, package name and vulnerability. */
export class FindingTracking {
  readonly #database: Database
  readonly #dueDates: DueDates
  readonly #now: () => number

  constructor(parts: { database: Database; dueDates: DueDates; now: () => number }) {
    this.#database = parts.database
    this.#dueDates = parts.dueDates
    this.#now = parts.now
  }

  /**
   * Brings the clocks of a repository up to what its tagged images have now. Nothing is closed while one of them has yet
   * to be looked into: a push of the next version must not close and open what both have.
   */
  async track(repository: number): Promise<{ changed: number }> {
    // Before anything is read: whoever asks from now on is not answered by this run.
    await this.#database.relaxedTransaction((tx) =>
      deleteWaiting(tx, { name: 'track-findings', payload: JSON.stringify({ repository }) }),
    )
    const { read } = this.#database
    const mayClose = !(await hasWaitingImages(read, repository))
    const present = await presentFindings(read, repository)
    const tracked = await trackedFindings(read, repository)
    const now = new Date(this.#now()).toISOString()
    const name = (await findRepositoryById(read, repository))?.name
    if (name === undefined) return { changed: 0 }
    const dueAt = await this.#dueDates.forRepository(name)
    const changes = changesOf(repository, present, tracked, { now, mayClose, dueAt })
    if (changes.length === 0) return { changed: 0 }
    return this.#database.relaxedTransaction(async (tx) => {
      // It may be gone by now.
      if (!(await findRepositoryById(tx, repository))) return { changed: 0 }
      await saveTrackedFindings(tx, changes)
      await recountFindings(tx, repository)
      return { changed: changes.length }
    })
  }

  /** Sets the due dates in a project and all below it anew, after its policy changed. `from` is what `onProgress` was told last. */
  async date(options: {
    project: string
    signal: AbortSignal
    from: unknown
    onProgress(progress: DatingProgress): void
  }): Promise<DatingProgress> {
    const { project, signal } = options
    const done = readProgress(options.from)
    while (!signal.aborted) {
      const started = performance.now()
      const found = await repositoriesWithin(this.#database.read, {
        project,
        after: done.after,
        limit: repositoriesAtOnce,
      })
      if (found.length === 0) break
      for (const { id, name } of found) done.changed += await this.#dateRepository(id, name)
      done.after = found.at(-1)?.id ?? done.after
      options.onProgress({ ...done })
      await wait((performance.now() - started) * restFactor)
    }
    return done
  }

  async #dateRepository(id: number, name: string): Promise<number> {
    const dueAt = await this.#dueDates.forRepository(name as RepositoryName)
    const changed = (await trackedFindings(this.#database.read, id))
      .map((row) => ({ ...row, due_at: dueOf(row, dueAt), former: row.due_at }))
      .filter((row) => row.closed_at === null && row.due_at !== row.former)
    for (let start = 0; start < changed.length; start += writtenAtOnce) {
      const portion = changed.slice(start, start + writtenAtOnce)
      await this.#database.relaxedTransaction(async (tx) => {
        for (const row of portion) await setDueDate(tx, row)
      })
    }
    return changed.length
  }
}

function dueOf(finding: Omit<TrackedFinding, 'due_at'>, dueAt: DueAt): string | null {
  return dueAt({
    severity: finding.severity,
    isKnownExploited: finding.known_exploited !== null,
    firstSeen: Date.parse(finding.first_seen_at),
    isFixable: finding.fix_available_at !== null,
    fixAvailableAt: finding.fix_available_at,
  })
}

function readProgress(from: unknown): DatingProgress {
  const { after, changed } = (from ?? {}) as Partial<DatingProgress>
  return {
    after: typeof after === 'number' ? after : 0,
    changed: typeof changed === 'number' ? changed : 0,
  }
}

/** The rows to write. A clock that was closed goes on where it began: taking a tag away for a day wins nobody time. */
export function changesOf(
  repository: number,
  present: readonly PresentFinding[],
  tracked: readonly TrackedFinding[],
  { now, mayClose, dueAt }: { now: string; mayClose: boolean; dueAt: DueAt },
): TrackedFinding[] {
  const former = new Map(tracked.map((row) => [keyOf(row), row]))
  const changes: TrackedFinding[] = []
  for (const { is_fixed: isFixed, ...finding } of present) {
    const key = keyOf(finding)
    const before = former.get(key)
    former.delete(key)
    const undated = {
      ...finding,
      repository_id: repository,
      first_seen_at: before?.first_seen_at ?? now,
      // Advisories do not always say when: then it is when Berth first knew.
      fix_available_at: fixMoment(finding, before) ?? (isFixed ? now : null),
      last_seen_at: now,
      closed_at: null,
    }
    const after: TrackedFinding = { ...undated, due_at: dueOf(undated, dueAt) }
    if (before === undefined || isOther(before, after)) changes.push(after)
  }
  if (mayClose) {
    for (const row of former.values()) {
      if (row.closed_at === null) changes.push({ ...row, closed_at: now })
    }
  }
  return changes
}

function fixMoment(
  finding: { fix_available_at: string | null },
  before: TrackedFinding | undefined,
): string | null {
  const moments = [finding.fix_available_at, before?.fix_available_at ?? null]
  return moments.filter((moment) => moment !== null).toSorted()[0] ?? null
}

/** That it was seen again is worth writing once a day. */
function isOther(before: TrackedFinding, after: TrackedFinding): boolean {
  return (
    before.severity !== after.severity ||
    before.score !== after.score ||
    before.fix_available_at !== after.fix_available_at ||
    before.known_exploited !== after.known_exploited ||
    before.closed_at !== after.closed_at ||
    before.due_at !== after.due_at ||
    before.last_seen_at.slice(0, dayLength) !== after.last_seen_at.slice(0, dayLength)
  )
}

function keyOf(row: { package_name: string; vulnerability: string }): string {
  return `${row.package_name} ${row.vulnerability}`
}
