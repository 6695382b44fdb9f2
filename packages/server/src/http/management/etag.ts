import type { IncomingHttpHeaders } from 'node:http'
import { BerthError } from '../../errors.ts'

const strongGrammar = /^"([1-9]\d{0,14}|0)"$/

/** The entity tag of a version (RFC 9110, section 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`
}

/**
 * The version in `If-Match`; `undefined` without the header, and for `*`. Throws `requestInvalid` unless it is one entity tag
 * as an answer gave it: a weak tag or a list can match nothing here (RFC 9110, section 13.1.1).
 */
export function readIfMatch(headers: IncomingHttpHeaders, isTaken: boolean): number | undefined {
  const header = headers['if-match']
  if (header === undefined) return undefined
  const text = header.trim()
  if (!isTaken) throw invalidIfMatch('no_versions', 'is not for this route')
  if (text === '*') return undefined
  const digits = strongGrammar.exec(text)?.[1]
  if (digits === undefined) {
    throw invalidIfMatch('etag', 'must be one ETag as an answer gave it, such as "3", or *')
  }
  return Number(digits)
}

/** Whether `If-None-Match` names this version, so that the client has it already: a weak comparison of a list. */
export function isNotModified(headers: IncomingHttpHeaders, version: number): boolean {
  const header = headers['if-none-match']
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const wanted = etagOf(version)
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === wanted)
}

function invalidIfMatch(rule: string, message: string): BerthError {
  return new BerthError('requestInvalid', `The header If-Match ${message}.`, {
    details: [{ in: 'header', path: 'If-Match', rule, message, accepted: 'an ETag such as "3"' }],
  })
}
