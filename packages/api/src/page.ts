import * as z from 'zod'

/** The query of every list: keyset pages, so that a page costs the same wherever it is. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Items in a page at most.'),
  after: z
    .string()
    .min(1)
    .max(1024)
    // No database can be asked for it.
    .refine((value) => !value.includes('\0'), { error: 'holds a NUL character' })
    .optional()
    .describe('`next` of the page before; an opaque text.'),
}

/** The direction of a list that can be sorted. */
export const orderQuery = z.enum(['ascending', 'descending']).optional()

/** A filter of names of repositories and tags by a part of them. */
export const containsQuery = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[a-zA-Z0-9._/-]+$/)
  .optional()
  .describe(
    'What the names contain. A page can be shorter than `limit` though another follows: go by `next`.',
  )

/** The answer of every list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('Where the next page begins; `null` on the last one.'),
  })
}
