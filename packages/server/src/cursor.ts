import { BerthError } from './errors.ts'

const separator = ' '

/** Where the next page of a list begins: the values it is sorted by, opaque to clients. */
export function writeCursor(...values: readonly string[]): string {
  return Buffer.from(values.join(separator)).toString('base64url')
}

/** The `count` values of a cursor. Throws `requestInvalid` when it is none of this list. */
export function readCursor(cursor: string, count: number): string[] {
  const values = Buffer.from(cursor, 'base64url').toString().split(separator)
  if (values.length === count && writeCursor(...values) === cursor && !values.includes('')) {
    return values
  }
  throw new BerthError('requestInvalid', 'The query parameter after is not the `next` of a page.', {
    details: [
      {
        in: 'query',
        path: 'after',
        rule: 'cursor',
        message: 'is not the `next` of a page of this list',
        accepted: '`next` of the page before',
      },
    ],
  })
}
