import { BerthError } from '../errors.ts'

const grammar = /^basic +([A-Za-z0-9+/_=-]+)$/i
// The token of a CI system is presented as a password too.
const charactersMax = 24 * 1024

/**
 * Reads an `Authorization: Basic` header (RFC 7617): base64 of `name:password`, parted by the first colon.
 * Throws `unauthenticated`, with reason `unknownScheme` when it is no such header and `invalidCredentials` when there
 * is no pair in it.
 */
export function readBasicCredentials(authorization: string): { name: string; password: string } {
  const encoded = grammar.exec(authorization)?.[1]
  if (encoded === undefined) {
    throw new BerthError(
      'unauthenticated',
      'The Authorization header does not hold credentials of a kind that is accepted here.',
      { details: [{ reason: 'unknownScheme' }] },
    )
  }
  const pair = encoded.length > charactersMax ? '' : Buffer.from(encoded, 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon === -1) {
    throw new BerthError(
      'unauthenticated',
      'The Basic credentials are not a user name and a password joined by a colon.',
      { details: [{ reason: 'invalidCredentials' }] },
    )
  }
  return { name: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
