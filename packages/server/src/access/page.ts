import { BerthError } from '../errors.ts'

/** A page of a list, and where the next one begins; `null` on the last. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null }

/** Reads one more than asked, to know whether a next page exists. `keyOf` says where an item stands in the list. */
export async function readPage<Row, Item>(
  limit: number,
  read: (limit: number) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const rows = await read(limit + 1)
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  const next = rows.length > limit && last !== undefined ? keyOf(last) : null
  return { items: kept.map(toItem), next }
}

/** Where a list by name goes on, `''` at its beginning. Throws `requestInvalid` for what can be no `next`. */
export function placeAfter(after: string | undefined): string {
  // PostgreSQL cannot even be asked for a text with a NUL in it.
  if (after === undefined || !/\p{Cc}/u.test(after)) return after ?? ''
  throw notNext()
}

/** What was given as `after` is the `next` of no page of the list. */
export function notNext(): BerthError {
  return new BerthError(
    'requestInvalid',
    'The parameter "after" is not the "next" of a page of this list.',
    { details: [{ field: 'after', rule: 'cursor' }] },
  )
}
