import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'
import { endOfPrefix, escapeLike, isOneOf } from './ranges.ts'
import type { SearchTermKind } from './schema.ts'
import { indexName } from './search-trigrams.ts'

/**
 * Whose content may be found: everything, or what is in these projects. `isNarrow`: they hold so little that it can be
 * looked through, instead of looking for what is theirs among all that matches.
 */
export type SearchScope =
  | 'all'
  | { readonly projects: readonly number[]; readonly isNarrow: boolean }

/** What is looked for, folded as the words are. */
export type SearchNeedle = {
  readonly text: string
  /** `prefix`: words that begin with it, the word itself first. `part`: those that hold it further on. */
  readonly match: 'prefix' | 'part'
}

export type FoundName = { text: string; repository: string; project: string; digest: string | null }

/** Words looked at for one search. With `placesMax` this bounds the work, whatever somebody looks for. */
const termsMax = 2_000
const projectsMax = 20_000
const narrowMax = 2_000
const narrowTagsMax = 4_000

/** Places of those words that are looked at. Who sees everything needs no more than are shown, others more. */
function placesMax(scope: SearchScope): number {
  return scope === 'all' ? 1_000 : 4_000
}

/** The scope of one who may pull in these projects. */
export async function readScope(
  db: Executor,
  projects: 'all' | readonly number[],
): Promise<SearchScope> {
  if (projects === 'all') return 'all'
  const { rows } = await sql<{ count: number }>`select count(*) as count from (
    select 1 from repositories where ${isOneOf(db, sql.ref('project_id'), projects)}
    limit ${narrowMax + 1}) as own`.execute(db)
  return { projects, isNarrow: (rows[0]?.count ?? 0) <= narrowMax }
}

/**
 * Whether a part of a word can be looked up by its trigrams. On PostgreSQL three signs alone do not make one: it sees
 * words only, and a search for `...` would walk through everything.
 */
export function hasTrigram(db: Executor, text: string): boolean {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return Array.from(text).length >= 3
  return /[^a-z0-9][a-z0-9]|[a-z0-9]{2}[^a-z0-9]|[a-z0-9]{3}/.test(text) && text.length >= 3
}

/** Repositories by name. */
export function findRepositoryNames(
  db: Executor,
  needle: SearchNeedle,
  scope: SearchScope,
  limit: number,
): Promise<FoundName[]> {
  const found =
    scope !== 'all' && scope.isNarrow
      ? sql`select name, project_id from repositories
          where ${isOneOf(db, sql.ref('project_id'), scope.projects)}
            and ${matches(sql.ref('name'), needle)}`
      : sql`select place.name, place.project_id from (
            select repositories.name, repositories.project_id
            from ${terms(db, 'repository', needle, placesMax(scope))} as term
            join repositories on repositories.name = term.text
          ) as place where ${inScope(db, sql.ref('place.project_id'), scope)}`
  return runSearch(
    db,
    sql<FoundName>`select found.name as text, found.name as repository, projects.name as project, null as digest
      from (${found}) as found join projects on projects.id = found.project_id
      order by found.name limit ${limit}`,
  )
}

/** Projects by name; with a scope, those of it. */
export function findProjectNames(
  db: Executor,
  needle: SearchNeedle,
  scope: SearchScope,
  limit: number,
): Promise<FoundName[]> {
  return runSearch(
    db,
    sql<FoundName>`select projects.name as text, '' as repository, projects.name as project, null as digest
      from ${terms(db, 'project', needle, projectsMax)} as term
      join projects on projects.name = term.text
      where ${inScope(db, sql.ref('projects.id'), scope)}
      order by term.folded, term.text limit ${limit}`,
  )
}

/** Tags by name. */
export async function findTagNames(
  db: Executor,
  needle: SearchNeedle,
  scope: SearchScope,
  limit: number,
): Promise<FoundName[]> {
  const own = scope !== 'all' && scope.isNarrow ? await ownTags(db, scope.projects) : undefined
  const found = own
    ? sql`select * from ${own} as own where ${matches(sql`lower(own.text)`, needle)}`
    : sql`select tags.name as text, tags.repository_id, tags.manifest_digest as digest
        from ${terms(db, 'tag', needle, termsMax)} as term
        ${joinTags(db, sql`tags.name = term.text`, placesMax(scope))}
        limit ${placesMax(scope)}`
  return runSearch(
    db,
    sql<FoundName>`select place.text, repositories.name as repository, projects.name as project, place.digest
      from (${found}) as place
      join repositories on repositories.id = place.repository_id
      join projects on projects.id = repositories.project_id
      where ${inScope(db, sql.ref('repositories.project_id'), scope)}
      order by lower(place.text), place.text, repositories.name limit ${limit}`,
  )
}

/** The table of all tags of these projects; `undefined` when they are too many to look through. */
async function ownTags(
  db: Executor,
  projects: readonly number[],
): Promise<RawBuilder<unknown> | undefined> {
  const own = sql`(select tags.name as text, tags.repository_id, tags.manifest_digest as digest
    from repositories ${joinTags(db, sql`tags.repository_id = repositories.id`, narrowTagsMax)}
    where ${isOneOf(db, sql.ref('repositories.project_id'), projects)} limit ${narrowTagsMax})`
  const { rows } = await sql<{
    count: number
  }>`select count(*) as count from ${own} as own`.execute(db)
  return (rows[0]?.count ?? 0) < narrowTagsMax ? own : undefined
}

/** Looks tags up for each row before. PostgreSQL would rather begin with all tags of everybody, where it guesses many rows. */
function joinTags(
  db: Executor,
  condition: RawBuilder<unknown>,
  limit: number,
): RawBuilder<unknown> {
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? sql`cross join lateral (select * from tags where ${condition} limit ${limit}) as tags`
    : sql`join tags on ${condition}`
}

/** Labels or annotations, written `key=value`. */
export function findProperties(
  db: Executor,
  kind: 'label' | 'annotation',
  needle: SearchNeedle,
  scope: SearchScope,
  limit: number,
): Promise<FoundName[]> {
  return runSearch(
    db,
    sql<FoundName>`select place.text, repositories.name as repository, projects.name as project, place.digest
      from (
        select term.folded, term.text, search_occurrences.repository_id, search_occurrences.digest
        from ${terms(db, kind, needle, termsMax)} as term
        join search_occurrences on search_occurrences.term_id = term.id
        limit ${placesMax(scope)}
      ) as place
      join repositories on repositories.id = place.repository_id
      join projects on projects.id = repositories.project_id
      where ${inScope(db, sql.ref('repositories.project_id'), scope)}
      order by place.folded, place.text, repositories.name limit ${limit}`,
  )
}

/** Manifests whose digest begins with `prefix`, which names the algorithm. */
export function findDigests(
  db: Executor,
  prefix: string,
  scope: SearchScope,
  limit: number,
): Promise<FoundName[]> {
  return runSearch(
    db,
    sql<FoundName>`select place.digest as text, repositories.name as repository, projects.name as project, place.digest
      from (
        select digest, repository_id from manifests
        where digest >= ${prefix} and digest < ${endOfPrefix(prefix)}
        order by digest, repository_id limit ${placesMax(scope)}
      ) as place
      join repositories on repositories.id = place.repository_id
      join projects on projects.id = repositories.project_id
      where ${inScope(db, sql.ref('repositories.project_id'), scope)}
      order by place.digest, repositories.name limit ${limit}`,
  )
}

/** A table of the words that match, the ones that begin with it in order. */
export function terms(
  db: Executor,
  kind: SearchTermKind,
  needle: SearchNeedle,
  limit: number,
): RawBuilder<unknown> {
  const { text, match } = needle
  if (match === 'prefix') {
    return sql`(select id, text, folded from search_terms
      where kind = ${sql.lit(kind)} and folded >= ${text} and folded < ${endOfPrefix(text)}
      order by folded limit ${limit})`
  }
  if (db.getExecutor().adapter instanceof PostgresAdapter) {
    // As a subquery the pattern is unknown to the planner, which else may trust that many match and walk through all.
    return sql`(select id, text, folded from search_terms
      where kind = ${sql.lit(kind)} and folded like (select ${`_%${escapeLike(text)}%`}) escape '\\'
        and left(folded, length(${text})) <> ${text}
      limit ${limit})`
  }
  // In double quotes everything is text to FTS5 but the quote itself (https://sqlite.org/fts5.html, section 3.1).
  const phrase = `"${text.replaceAll('"', '""')}"`
  const index = sql.ref(indexName(kind))
  return sql`(select search_terms.id, search_terms.text, search_terms.folded
    from ${index} join search_terms on search_terms.id = ${index}.rowid
    where ${index} match ${phrase} and substr(search_terms.folded, 1, length(${text})) <> ${text}
    limit ${limit})`
}

/** The same without an index, on text that is folded. */
function matches(text: RawBuilder<unknown>, needle: SearchNeedle): RawBuilder<unknown> {
  const begins = sql`substr(${text}, 1, length(${needle.text})) = ${needle.text}`
  if (needle.match === 'prefix') return begins
  return sql`${text} like ${`_%${escapeLike(needle.text)}%`} escape '\\' and not (${begins})`
}

function inScope(
  db: Executor,
  projectId: RawBuilder<unknown>,
  scope: SearchScope,
): RawBuilder<unknown> {
  if (scope === 'all') return sql`true`
  // The plus keeps SQLite from beginning with the projects: what was found is less.
  return isOneOf(db, sql`+${projectId}`, scope.projects)
}

/**
 * Outside of transactions only. The planner of PostgreSQL guesses how many words match, and where it guesses many it goes
 * through a whole table. Every step here is bounded, so it is told to go from row to row.
 */
export async function runSearch<Row>(db: Executor, query: RawBuilder<Row>): Promise<Row[]> {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return (await query.execute(db)).rows
  return db.transaction().execute(async (tx) => {
    await sql`select set_config(name, 'off', true)
      from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) as name`.execute(
      tx,
    )
    return (await query.execute(tx)).rows
  })
}
