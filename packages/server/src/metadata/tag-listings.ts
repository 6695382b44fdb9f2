import { type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'
import { containsText, endOfPrefix } from './ranges.ts'

export type TagListing = {
  name: string
  digest: string
  media_type: string
  artifact_type: string | null
  size: number
  created_at: string
  updated_at: string
  version_key: string
}

export type TagSort = 'name' | 'updatedAt' | 'version'

/** Where a page begins: the value that the list is sorted by, and the name. */
export type TagPlace = { key: string; name: string }

export type TagQuery = {
  repositoryId: number
  sort: TagSort
  descending: boolean
  prefix: string | undefined
  contains: string | undefined
  after: TagPlace | undefined
}

const columns = sql`tags.name, tags.manifest_digest as digest, manifests.media_type,
  manifests.artifact_type, manifests.size, tags.created_at, tags.updated_at, tags.version_key`

const keyColumns = { name: 'name', updatedAt: 'updated_at', version: 'version_key' } as const

/** The value that a row is sorted by. */
export function placeOf(row: TagListing, sort: TagSort): TagPlace {
  return { key: row[keyColumns[sort]], name: row.name }
}

/**
 * Tags in this order, those after `after` only, at most `limit`. A filter by a part of the name looks at `window` tags:
 * fewer may be found though there are more behind `windowEnd`.
 */
export async function listTags(
  db: Executor,
  query: TagQuery & { limit: number; window: number },
): Promise<TagListing[]> {
  const key = sql.ref(`tags.${keyColumns[query.sort]}`)
  const direction = query.descending ? sql`desc` : sql`asc`
  const order =
    query.sort === 'name'
      ? sql`tags.name ${direction}`
      : sql`${key} ${direction}, tags.name ${direction}`
  // SQLite takes a cross join as the order to go by: it else may begin with the manifests and sort all tags.
  const ofTags = sql`cross join manifests where manifests.repository_id = tags.repository_id
    and manifests.digest = tags.manifest_digest`
  const filters = filtersOf(db, query)
  const result =
    filters.length === 0
      ? await sql<TagListing>`select ${columns} from tags ${ofTags}
          and ${placesOf(query)} order by ${order} limit ${query.limit}`.execute(db)
      : await sql<TagListing>`select ${columns}
          from (select seen.name from (select tags.name, ${key} as key from tags
              where ${placesOf(query)} order by ${order} limit ${query.window}) as seen
            where ${sql.join(filters, sql` and `)}
            order by seen.key ${direction}, seen.name ${direction} limit ${query.limit}) as chosen
          cross join tags ${ofTags}
            and tags.repository_id = ${query.repositoryId} and tags.name = chosen.name
          order by ${order} limit ${query.limit}`.execute(db)
  return result.rows
}

/** The last of `window` tags; `undefined` when there are fewer, so that nothing is left behind them. */
export async function windowEnd(
  db: Executor,
  query: TagQuery & { window: number },
): Promise<TagPlace | undefined> {
  const key = sql.ref(`tags.${keyColumns[query.sort]}`)
  const direction = query.descending ? sql`desc` : sql`asc`
  const { rows } = await sql<TagPlace>`select ${key} as key, tags.name from tags
    where ${placesOf(query)} order by ${key} ${direction}, tags.name ${direction}
    limit 1 offset ${query.window - 1}`.execute(db)
  return rows[0]
}

/** Whether only some of the tags in order are wanted, so that a page is looked for in windows. */
export function isFiltered({ sort, prefix, contains }: TagQuery): boolean {
  return contains !== undefined || (prefix !== undefined && sort !== 'name')
}

/** What an index answers. */
function placesOf({
  repositoryId,
  sort,
  descending,
  prefix,
  after,
}: TagQuery): RawBuilder<unknown> {
  const conditions = [sql`tags.repository_id = ${repositoryId}`]
  const beyond = descending ? sql`<` : sql`>`
  if (sort === 'name') {
    if (prefix !== undefined) {
      conditions.push(sql`tags.name >= ${prefix} and tags.name < ${endOfPrefix(prefix)}`)
    }
    if (after) conditions.push(sql`tags.name ${beyond} ${after.name}`)
  } else if (after) {
    const key = sql.ref(`tags.${keyColumns[sort]}`)
    conditions.push(sql`(${key}, tags.name) ${beyond} (${after.key}, ${after.name})`)
  }
  return sql.join(conditions, sql` and `)
}

function filtersOf(db: Executor, { sort, prefix, contains }: TagQuery): RawBuilder<unknown>[] {
  const filters: RawBuilder<unknown>[] = []
  if (contains !== undefined) filters.push(containsText(db, sql`seen.name`, contains))
  if (prefix !== undefined && sort !== 'name') {
    filters.push(sql`seen.name >= ${prefix} and seen.name < ${endOfPrefix(prefix)}`)
  }
  return filters
}

export async function readTag(
  db: Executor,
  repositoryId: number,
  tag: string,
): Promise<TagListing | undefined> {
  const { rows } = await sql<TagListing>`select ${columns} from tags
    join manifests on manifests.repository_id = tags.repository_id
      and manifests.digest = tags.manifest_digest
    where tags.repository_id = ${repositoryId} and tags.name = ${tag}`.execute(db)
  return rows[0]
}
