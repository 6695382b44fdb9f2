import { type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'
import { isOneOf, isWithinProject } from './ranges.ts'
import type { TrackedFinding } from './tracked-findings.ts'

export type ListedFinding = TrackedFinding & { repository: string }

/** Where a list of findings goes on; `due` only when it is sorted by that. */
export type TrackedPlace = {
  score: number
  due: string
  vulnerability: string
  package: string
  repositoryId: number
}

export type TrackedFilter = {
  state: 'open' | 'closed' | 'all'
  severities: readonly TrackedFinding['severity'][] | undefined
  vulnerability: string | undefined
  /** `kind:name`. */
  packages: readonly string[] | undefined
  fixable: boolean | undefined
  knownExploited: boolean | undefined
  overdue: boolean | undefined
  /** An ISO moment. */
  dueBefore: string | undefined
}

export type TrackedQuery = {
  sort: 'score' | 'due'
  /** Looks through those of this one alone; only in the order of scores. */
  severity?: TrackedFinding['severity'] | undefined
  filter: TrackedFilter
  /** The name of a project; the root is ''. */
  project: string
  /** Those whose repositories may be seen. */
  projects: 'all' | readonly number[]
  now: string
  after: TrackedPlace | undefined
  /** Nothing beyond this place. */
  upTo?: TrackedPlace | undefined
  /** Only of these repositories, which are few. */
  repositories?: readonly number[] | undefined
  limit: number
}

/** Findings in order, the worst first or what is due first; those after `after` only. */
export async function listTracked(db: Executor, query: TrackedQuery): Promise<ListedFinding[]> {
  const { projects, repositories } = query
  const conditions = [
    ...ranges(query),
    ...filters(query),
    isWithinProject(query.project),
    projects === 'all'
      ? sql`true`
      : isOneOf(db, sql`+${sql.ref('repositories.project_id')}`, projects),
    repositories === undefined
      ? sql`true`
      : isOneOf(db, sql.ref('tracked_findings.repository_id'), repositories),
  ]
  // SQLite takes a cross join as the order to go by: it else begins with the repositories and sorts everything.
  const { rows } = await sql<ListedFinding>`
    select tracked_findings.*, repositories.name as repository
    from tracked_findings cross join repositories
    where repositories.id = tracked_findings.repository_id and ${sql.join(conditions, sql` and `)}
    order by ${orderOf(query.sort)} limit ${query.limit}`.execute(db)
  return rows
}

/** The place `count` findings further on, whatever they are; `undefined` when there are fewer. By index alone. */
export async function trackedPlaceAfter(
  db: Executor,
  query: Pick<TrackedQuery, 'sort' | 'severity' | 'after'>,
  count: number,
): Promise<TrackedPlace | undefined> {
  const { rows } = await sql<TrackedPlace>`
    select score, coalesce(due_at, '') as due, vulnerability, package_name as package,
      repository_id as "repositoryId"
    from tracked_findings where ${sql.join(ranges(query), sql` and `)}
    order by ${orderOf(query.sort)} limit 1 offset ${count - 1}`.execute(db)
  return rows[0]
}

/** All columns go the same way, so that a row value finds its place in the index. */
function orderOf(sort: 'score' | 'due'): RawBuilder<unknown> {
  return sort === 'due'
    ? sql`due_at, vulnerability, package_name, repository_id`
    : sql`score desc, vulnerability desc, package_name desc, repository_id desc`
}

function ranges({
  sort,
  severity,
  after,
  upTo,
}: Pick<TrackedQuery, 'sort' | 'severity' | 'after' | 'upTo'>): RawBuilder<unknown>[] {
  const columns =
    sort === 'due'
      ? sql`(due_at, vulnerability, package_name, repository_id)`
      : sql`(score, vulnerability, package_name, repository_id)`
  const values = (place: TrackedPlace) =>
    sql`(${sort === 'due' ? place.due : place.score}, ${place.vulnerability}, ${place.package}, ${place.repositoryId})`
  // Those of its index, in its own words.
  const bounds = [sort === 'due' ? sql`closed_at is null and due_at is not null` : sql`true`]
  if (severity) bounds.push(sql`severity = ${severity}`)
  if (after) {
    bounds.push(
      sort === 'due' ? sql`${columns} > ${values(after)}` : sql`${columns} < ${values(after)}`,
    )
  }
  if (upTo) {
    bounds.push(
      sort === 'due' ? sql`${columns} <= ${values(upTo)}` : sql`${columns} >= ${values(upTo)}`,
    )
  }
  return bounds
}

function filters({ filter, now }: TrackedQuery): RawBuilder<unknown>[] {
  const { severities, vulnerability, packages, fixable, knownExploited } = filter
  const conditions: RawBuilder<unknown>[] = []
  const add = (condition: RawBuilder<unknown>) => conditions.push(condition)
  if (filter.state === 'open') add(sql`closed_at is null`)
  if (filter.state === 'closed') add(sql`closed_at is not null`)
  if (severities) add(sql`severity in (${sql.join([...severities])})`)
  if (vulnerability !== undefined) add(sql`vulnerability = ${vulnerability}`)
  if (packages) add(sql`package_name in (${sql.join([...packages])})`)
  if (fixable === true) add(sql`fix_available_at is not null`)
  if (fixable === false) add(sql`fix_available_at is null`)
  if (knownExploited === true) add(sql`known_exploited is not null`)
  if (knownExploited === false) add(sql`known_exploited is null`)
  if (filter.overdue === true) add(sql`closed_at is null and due_at < ${now}`)
  if (filter.overdue === false) {
    add(sql`(closed_at is not null or due_at is null or due_at >= ${now})`)
  }
  if (filter.dueBefore !== undefined) add(sql`due_at < ${filter.dueBefore}`)
  return conditions
}
