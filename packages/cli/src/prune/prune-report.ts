import { exitNameOf, type ExitName } from '../exit-codes.ts'
import { formatBytes, shortDigest } from '../format.ts'
import { sumOf } from '../inspect/image-summary.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import type { Verdict } from './plan.ts'
import type { RemovalOutcome } from './remove-images.ts'
import type { RepositoryPlan } from './repository-plan.ts'

/** What `berth prune --json` prints. */
export type PruneReport = {
  readonly isDryRun: boolean
  readonly repositories: readonly RepositoryReport[]
}

export type RepositoryReport = {
  readonly repository: string
  /** Bytes that nothing else in the repository needs; `isFreedExact` is false when not every size was read. */
  readonly freedBytes: number
  readonly isFreedExact: boolean
  readonly remove: readonly ImageReport[]
  readonly keep: readonly ImageReport[]
  readonly remarks: readonly string[]
}

export type ImageReport = {
  readonly digest: string
  readonly tags: readonly string[]
  readonly reason: string
  readonly age: { readonly at: string; readonly from: 'pushed' | 'created' } | null
  readonly size: number | null
  /** `planned` until it is done. */
  readonly outcome: 'planned' | RemovalOutcome['outcome'] | null
  readonly fault: string | null
}

export type PrunedRepository = RepositoryPlan & {
  /** By digest; empty as long as nothing was done. */
  readonly outcomes: ReadonlyMap<string, RemovalOutcome>
}

export function toReport(
  repositories: readonly PrunedRepository[],
  isDryRun: boolean,
): PruneReport {
  return { isDryRun, repositories: repositories.map(toRepositoryReport) }
}

function toRepositoryReport({
  repository,
  plan,
  remarks,
  outcomes,
}: PrunedRepository): RepositoryReport {
  const { verdicts, freed } = plan
  return {
    repository: repository.name,
    freedBytes: freed.bytes,
    isFreedExact: freed.isExact,
    remove: verdicts
      .filter(({ action }) => action === 'remove')
      .map((each) => toImage(each, outcomes)),
    keep: verdicts.filter(({ action }) => action === 'keep').map((each) => toImage(each, outcomes)),
    remarks,
  }
}

function toImage(
  { image, action, reason }: Verdict,
  outcomes: ReadonlyMap<string, RemovalOutcome>,
): ImageReport {
  const outcome = outcomes.get(image.digest)
  return {
    digest: image.digest,
    tags: image.tags,
    reason,
    age: image.age === undefined ? null : { at: image.age.at.toISOString(), from: image.age.from },
    size: image.weights === undefined ? null : sumOf(image.weights),
    outcome: action === 'keep' ? null : (outcome?.outcome ?? 'planned'),
    fault: outcome?.fault?.message ?? null,
  }
}

/** The plan of one repository as a heading and a table; `max` rows at most, and what stays when it is asked for. */
export function formatPlan(
  report: RepositoryReport,
  { width, max, withKept }: { width: number | undefined; max: number; withKept: boolean },
): string {
  const { repository, remove, keep } = report
  const tags = remove.reduce((sum, each) => sum + each.tags.length, 0)
  const head =
    remove.length === 0
      ? `${repository}: nothing goes, ${count(keep.length, 'image')} ${keep.length === 1 ? 'stays' : 'stay'}.`
      : `${repository}: ${remove.length} of ${count(remove.length + keep.length, 'image')} ${remove.length === 1 ? 'goes' : 'go'}, with ${count(tags, 'tag')}; ${freedText(report)}.`
  const parts = [head]
  if (remove.length > 0) parts.push(imageTable(remove.slice(0, max), 'GOES', width))
  if (remove.length > max) {
    parts.push(`and ${remove.length - max} more, which --dry-run shows.`)
  }
  if (withKept && keep.length > 0) parts.push(imageTable(keep, 'STAYS', width))
  return [...parts, ...report.remarks.map((remark) => `Note: ${remark}`)].join('\n')
}

function imageTable(
  images: readonly ImageReport[],
  title: string,
  width: number | undefined,
): string {
  const rows = images.map(({ digest, tags, size, reason }) => [
    tags.length === 0 ? '-' : printable(tags.join(', ')),
    shortDigest(digest),
    size === null ? '-' : formatBytes(size),
    printable(reason),
  ])
  return formatTable(
    [
      { title, shrinks: true },
      { title: 'DIGEST' },
      { title: 'SIZE', align: 'right' },
      { title: 'WHY', shrinks: true },
    ],
    rows,
    width,
  )
}

function freedText({ freedBytes, isFreedExact, remove }: RepositoryReport): string {
  const isUnread = remove.some(({ size }) => size === null)
  if (isUnread) return 'how much that frees was not read (--sizes reads it)'
  return `${isFreedExact ? '' : 'about '}${formatBytes(freedBytes)} that nothing else there needs`
}

/** What was done, and every failure with its reason. */
export function formatOutcome(report: PruneReport): string {
  const all = report.repositories.flatMap(({ repository, remove }) =>
    remove.map((image) => ({ repository, image })),
  )
  const isDone = ({ image }: { image: ImageReport }): boolean =>
    image.outcome === 'deleted' || image.outcome === 'gone'
  const done = all.filter(isDone)
  const open = all.filter((each) => !isDone(each))
  const tags = done.reduce((sum, { image }) => sum + image.tags.length, 0)
  const head = `Deleted ${count(done.length, 'image')} with ${count(tags, 'tag')}${open.length === 0 ? '.' : `; ${open.length} not:`}`
  const faults = open.map(
    ({ repository, image }) =>
      `${repository}${image.tags[0] === undefined ? `@${shortDigest(image.digest)}` : `:${image.tags[0]}`}: ${image.outcome}: ${printable(image.fault ?? '')}`,
  )
  return [head, ...faults].join('\n')
}

/** The exit code of the first failure; `done` when there was none. */
export function exitOf(repositories: readonly PrunedRepository[]): ExitName {
  for (const { outcomes } of repositories) {
    for (const { outcome, fault } of outcomes.values()) {
      if (outcome === 'failed' && fault !== undefined) return exitNameOf[fault.kind]
    }
  }
  return 'done'
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
