import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'

/** `column in (…)` as one value, however many ids there are: thousands would go beyond the limits of a statement. */
export function isOneOf(
  db: Executor,
  column: RawBuilder<unknown>,
  ids: readonly number[],
): RawBuilder<unknown> {
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? sql`${column} = any(${[...ids]}::bigint[])`
    : sql`${column} in (select value from json_each(${JSON.stringify(ids)}))`
}

/** Whether the column has `text` in it: no character of it has a meaning of its own as it would have in LIKE. */
export function containsText(
  db: Executor,
  column: RawBuilder<unknown>,
  text: string,
): RawBuilder<unknown> {
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? sql`strpos(${column}, ${text}) > 0`
    : sql`instr(${column}, ${text}) > 0`
}

/** Whether `repositories.name` lies in this project or below it; the root is ''. */
export function isWithinProject(project: string): RawBuilder<boolean> {
  if (project === '') return sql<boolean>`1 = 1`
  const name = sql.ref('repositories.name')
  const below = `${project}/`
  return sql<boolean>`(${name} = ${project} or (${name} >= ${below} and ${name} < ${endOfPrefix(below)}))`
}

/** The first text in byte order that no longer begins with `prefix`, near enough: U+10FFFF is the last there is. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`
}

/** For LIKE with `escape '\\'`: a text in which no character has a meaning of its own. */
export function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`)
}
