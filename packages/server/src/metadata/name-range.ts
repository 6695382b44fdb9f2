import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'

/**
 * The names that begin with `prefix`, as a range of a column that sorts by bytes: an index answers it, and no character
 * of the prefix has a meaning of its own as it would have in LIKE. The prefix is ASCII and not empty.
 */
export function namesFrom(prefix: string): { from: string; before: string } {
  const last = prefix.charCodeAt(prefix.length - 1)
  return { from: prefix, before: prefix.slice(0, -1) + String.fromCharCode(last + 1) }
}

/** A subquery of ids given as one value: a list may be longer than a statement has room for values. */
export function idList(db: Executor, ids: readonly number[]): RawBuilder<number> {
  const json = JSON.stringify(ids)
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? sql<number>`(select value::bigint from jsonb_array_elements_text(${json}::jsonb) as given(value))`
    : sql<number>`(select value from json_each(${json}))`
}
