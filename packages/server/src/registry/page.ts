/** A page of a list: at most `limit` names that come after `after`. */
export type Page = { limit: number | undefined; after: string | undefined }

/** Reads one more than asked, to know whether a next page exists. A limit of 0 is an empty page and the end. */
export async function cutPage<Item>(
  page: Page,
  max: number,
  read: (limit: number) => Promise<Item[]>,
): Promise<{ items: Item[]; next: Item | undefined }> {
  const limit = Math.min(page.limit ?? max, max)
  if (limit === 0) return { items: [], next: undefined }
  const items = await read(limit + 1)
  if (items.length <= limit) return { items, next: undefined }
  items.length = limit
  return { items, next: items.at(-1) }
}
