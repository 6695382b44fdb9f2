import { BerthError } from '../../errors.ts'

const queryMax = 16 * 1024
const none = new URLSearchParams()

/**
 * Reads a query string (without `?`), decoding it once. Escapes that are none stay as they are, and the parsers of the
 * values then refuse them. Unknown parameters are for the reader to ignore: clients and mirrors add their own (`ns`, `origin`).
 * Throws `requestInvalid` past 16 KiB.
 */
export function parseQuery(query: string): URLSearchParams {
  if (query === '') return none
  if (query.length > queryMax) {
    throw new BerthError(
      'requestInvalid',
      `The query has ${query.length} characters, at most ${queryMax} are allowed.`,
    )
  }
  return new URLSearchParams(query)
}

/** A page of a list, as `n` and `last` ask for it. `limit` is undefined when the server decides. */
export type Page = { readonly limit: number | undefined; readonly after: string | undefined }

const afterMax = 512

/** Reads `n` and `last` (distribution-spec end-8b). Throws `pageInvalid` unless `n` is a number of entries. */
export function parsePage(query: URLSearchParams): Page {
  const n = query.get('n')
  const last = query.get('last')
  if (n !== null && !/^\d{1,15}$/.test(n)) {
    throw new BerthError(
      'pageInvalid',
      `The parameter n must be a number of entries, 0 or more, not ${JSON.stringify(n.slice(0, 80))}.`,
    )
  }
  if (last !== null && last.length > afterMax) {
    throw new BerthError('pageInvalid', `The parameter last has more than ${afterMax} characters.`)
  }
  // PostgreSQL cannot even be asked for it.
  if (last?.includes('\0')) {
    throw new BerthError('pageInvalid', 'The parameter last holds a NUL character.')
  }
  return {
    limit: n === null ? undefined : Number(n),
    after: last === null || last === '' ? undefined : last,
  }
}
