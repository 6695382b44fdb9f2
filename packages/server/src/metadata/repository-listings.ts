import { type RawBuilder, sql } from 'kysely'
import { type BoundedCount, countMax, countUpTo } from './browse.ts'
import type { Executor } from './database.ts'
import { namesFrom } from './name-range.ts'
import { containsText, endOfPrefix, isOneOf } from './ranges.ts'
import { currentFigure, currentPushTime } from './repository-figures.ts'

export type RepositoryListing = {
  id: number
  name: string
  project: string
  created_at: string
  description: string
  version: number
  size: number
  tags: number
  /** Empty: never. */
  pushed_at: string
  last_pulled_at: string
  pulls: number
}

export type RepositorySort = 'name' | 'pushedAt' | 'size'

/** Where a page begins: the value that the list is sorted by, and the name. */
export type RepositoryPlace = { key: string; name: string }

export type RepositoryQuery = {
  sort: RepositorySort
  descending: boolean
  /** Only repositories of these projects, by id. */
  projects: 'all' | readonly number[]
  /** Only those in or below the project of this name, which need not exist. */
  within: string | undefined
  prefix: string | undefined
  contains: string | undefined
  after: RepositoryPlace | undefined
}

/** With the value that the list is sorted by. */
export type PlacedListing = RepositoryListing & { key: string }

/** Of so few projects each is asked for its own first rows, so that no others are looked at. */
const projectsMax = 50
const keyColumns = { name: 'name', pushedAt: 'pushed_at', size: 'size' } as const

/**
 * Repositories in this order, those after `after` only, at most `limit`, and where to go on; `undefined` at the end. There
 * may be fewer though more follow: filters look at `window` repositories.
 */
export async function listRepositories(
  db: Executor,
  query: RepositoryQuery & { limit: number; window: number },
): Promise<{ rows: PlacedListing[]; next: RepositoryPlace | undefined }> {
  const projects = await candidateProjects(db, query)
  if (projects?.length === 0) return { rows: [], next: undefined }
  const isApart = projects !== undefined && projects.length <= projectsMax
  const filters = filtersOf(db, query, isApart ? sql`repositories.name` : sql`seen.name`)
  const some = query.projects === 'all' || isApart ? undefined : query.projects
  if (some) filters.push(isOneOf(db, sql`seen.project_id`, some))
  const isWindowed = filters.length > 0 && !isApart
  const places = isApart
    ? ofProjects(projects, query, filters)
    : isWindowed
      ? windowOf(query, filters, some !== undefined)
      : ordered(query, placesOf(query), query.limit)
  const direction = query.descending ? sql`desc` : sql`asc`
  const { rows } = await sql<PlacedListing>`
    select ${columns}, cast(chosen.key as text) as key
    from (${places}) as chosen
    join repositories on repositories.id = chosen.id
    join projects on projects.id = repositories.project_id
    order by chosen.key ${direction}, repositories.name ${direction}
    limit ${query.limit}`.execute(db)
  const last = rows.at(-1)
  if (last && rows.length === query.limit) return { rows, next: { key: last.key, name: last.name } }
  return { rows, next: isWindowed ? await windowEnd(db, query) : undefined }
}

/** One of them without counting far; `undefined` when there is none. */
export async function readRepository(
  db: Executor,
  name: string,
): Promise<(RepositoryListing & { readme: string | null; manifests: BoundedCount }) | undefined> {
  const { rows } = await sql<RepositoryListing & { readme: string | null }>`
    select ${columns}, repository_readmes.readme
    from repositories
    join projects on projects.id = repositories.project_id
    left join repository_readmes on repository_readmes.repository_id = repositories.id
    where repositories.name = ${name}`.execute(db)
  const [row] = rows
  if (!row) return undefined
  const manifests = db
    .selectFrom('manifests')
    .select('digest')
    .where('repository_id', '=', row.id)
    .limit(countMax + 1)
  return { ...row, manifests: await countUpTo(db, manifests.as('counted')) }
}

const columns = sql`repositories.id, repositories.name, projects.name as project,
  repositories.created_at, repositories.description, repositories.version,
  ${currentFigure('size')} as size, ${currentFigure('tag_count')} as tags,
  ${currentPushTime()} as pushed_at, repositories.last_pulled_at, repositories.pulls`

/** The projects that can have what is asked for, as far as that is known: `undefined` when it may be any. */
async function candidateProjects(
  db: Executor,
  { within, projects }: RepositoryQuery,
): Promise<readonly number[] | undefined> {
  const readable = projects === 'all' ? undefined : projects
  if (within === undefined) return readable
  const below = namesFrom(`${within}/`)
  const rows = await db
    .selectFrom('projects')
    .select(['id', 'name'])
    .where(({ or, and, eb }) =>
      or([
        eb('name', '=', within),
        and([eb('name', '>=', below.from), eb('name', '<', below.before)]),
      ]),
    )
    .orderBy('name')
    .limit(projectsMax + 1)
    .execute()
  // Without the project itself, what is named as if it were in it belongs to one above.
  if (rows[0]?.name !== within || rows.length > projectsMax) return readable
  const ids = rows.map(({ id }) => id)
  if (readable === undefined) return ids
  const isReadable = new Set(readable)
  return ids.filter((id) => isReadable.has(id))
}

/** The first rows of each of the projects, each by its index. */
function ofProjects(
  projects: readonly number[],
  query: RepositoryQuery & { limit: number },
  filters: readonly RawBuilder<unknown>[],
): RawBuilder<unknown> {
  const each = projects.map((id) => {
    const conditions = [sql`repositories.project_id = ${id}`, ...placesOf(query), ...filters]
    return sql`select * from (${ordered(query, conditions, query.limit)}) as project_rows`
  })
  return sql.join(each, sql` union all `)
}

/** Those of a window that pass the filters. Without the project the index of the order has all that they look at. */
function windowOf(
  query: RepositoryQuery & { window: number },
  filters: readonly RawBuilder<unknown>[],
  withProject: boolean,
): RawBuilder<unknown> {
  const more = withProject ? sql`, repositories.project_id` : sql``
  const seen = ordered(query, placesOf(query), query.window, { more })
  return sql`select seen.id, seen.key from (${seen}) as seen where ${sql.join(filters, sql` and `)}`
}

/** The last of a window; `undefined` when it is not full, so that nothing is left behind it. */
async function windowEnd(
  db: Executor,
  query: RepositoryQuery & { window: number },
): Promise<RepositoryPlace | undefined> {
  const seen = ordered(query, placesOf(query), 1, { offset: query.window - 1 })
  const { rows } = await sql<RepositoryPlace>`
    select cast(seen.key as text) as key, seen.name from (${seen}) as seen`.execute(db)
  return rows[0]
}

function ordered(
  { sort, descending }: RepositoryQuery,
  conditions: readonly RawBuilder<unknown>[],
  limit: number,
  { offset = 0, more = sql`` }: { offset?: number; more?: RawBuilder<unknown> } = {},
): RawBuilder<unknown> {
  const key = sql.ref(`repositories.${keyColumns[sort]}`)
  const direction = descending ? sql`desc` : sql`asc`
  const order =
    sort === 'name'
      ? sql`${key} ${direction}`
      : sql`${key} ${direction}, repositories.name ${direction}`
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  return sql`select repositories.id, repositories.name, ${key} as key ${more} from repositories ${where}
    order by ${order} limit ${limit} offset ${offset}`
}

/** What the index of the order answers. */
function placesOf({ sort, descending, within, prefix, after }: RepositoryQuery) {
  const conditions: RawBuilder<unknown>[] = []
  const beyond = descending ? sql`<` : sql`>`
  if (sort === 'name') {
    conditions.push(...nameRanges(sql`repositories.name`, within, prefix))
    if (after) conditions.push(sql`repositories.name ${beyond} ${after.name}`)
  } else if (after) {
    const key = sql.ref(`repositories.${keyColumns[sort]}`)
    const value = sort === 'size' ? Number(after.key) || 0 : after.key
    conditions.push(sql`(${key}, repositories.name) ${beyond} (${value}, ${after.name})`)
  }
  return conditions
}

/** What it does not answer. */
function filtersOf(
  db: Executor,
  { sort, within, prefix, contains }: RepositoryQuery,
  name: RawBuilder<unknown>,
): RawBuilder<unknown>[] {
  const filters = sort === 'name' ? [] : nameRanges(name, within, prefix)
  if (within !== undefined) {
    // The name itself, and what has a slash behind it.
    filters.push(sql`(${name} = ${within} or substr(${name}, ${within.length + 1}, 1) = '/')`)
  }
  if (contains !== undefined) filters.push(containsText(db, name, contains))
  return filters
}

function nameRanges(
  name: RawBuilder<unknown>,
  within: string | undefined,
  prefix: string | undefined,
): RawBuilder<unknown>[] {
  const ranges: RawBuilder<unknown>[] = []
  // "/" is followed by "0" in byte order.
  if (within !== undefined) ranges.push(sql`${name} >= ${within} and ${name} < ${`${within}0`}`)
  if (prefix !== undefined)
    ranges.push(sql`${name} >= ${prefix} and ${name} < ${endOfPrefix(prefix)}`)
  return ranges
}
