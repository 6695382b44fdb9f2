import type { Database } from '../metadata/database.ts'
import { deleteWaiting } from '../metadata/jobs.ts'
import { findRepositoryById } from '../metadata/repositories.ts'
import {
  type PresentFinding,
  type TrackedFinding,
  hasWaitingImages,
  presentFindings,
  saveTrackedFindings,
  trackedFindings,
} from '../metadata/tracked-findings.ts'

const dayLength = 10

/** Keeps the clocks of findings: one for each repository, package name and vulnerability. */
export class FindingTracking {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
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
    const changes = changesOf(repository, present, tracked, { now, mayClose })
    if (changes.length === 0) return { changed: 0 }
    return this.#database.relaxedTransaction(async (tx) => {
      // It may be gone by now.
      if (!(await findRepositoryById(tx, repository))) return { changed: 0 }
      await saveTrackedFindings(tx, changes)
      return { changed: changes.length }
    })
  }
}

/** The rows to write. A clock that was closed goes on where it began: taking a tag away for a day wins nobody time. */
export function changesOf(
  repository: number,
  present: readonly PresentFinding[],
  tracked: readonly TrackedFinding[],
  { now, mayClose }: { now: string; mayClose: boolean },
): TrackedFinding[] {
  const former = new Map(tracked.map((row) => [keyOf(row), row]))
  const changes: TrackedFinding[] = []
  for (const { is_fixed: isFixed, ...finding } of present) {
    const key = keyOf(finding)
    const before = former.get(key)
    former.delete(key)
    const after: TrackedFinding = {
      ...finding,
      repository_id: repository,
      first_seen_at: before?.first_seen_at ?? now,
      // Advisories do not always say when: then it is when Berth first knew.
      fix_available_at: fixMoment(finding, before) ?? (isFixed ? now : null),
      last_seen_at: now,
      closed_at: null,
    }
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
    before.last_seen_at.slice(0, dayLength) !== after.last_seen_at.slice(0, dayLength)
  )
}

function keyOf(row: { package_name: string; vulnerability: string }): string {
  return `${row.package_name} ${row.vulnerability}`
}
