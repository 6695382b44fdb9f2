import type { Readable } from 'node:stream'
import { BerthError } from '../errors.ts'

/** The body of a PATCH, PUT or POST, and what the client says about it. */
export type UploadBody = {
  stream: Readable
  /** Content-Length; `undefined` for a chunked body. */
  length: number | undefined
  /** Content-Range, both ends included. */
  range: { start: number; end: number } | undefined
  /** The offset that the used Location carried. Not compared when `range` speaks for itself. */
  expectedOffset: number | undefined
}

/** All that can be refused before a byte is written. Throws `uploadRangeInvalid`, `blobTooLarge`. */
export function checkStart(stored: number, body: UploadBody, limit: number | undefined): void {
  const { range, length, expectedOffset } = body
  const from = range ? range.start : expectedOffset
  // A PUT that only ends the session has no bytes that could land in the wrong place.
  if (from !== undefined && from !== stored && !(length === 0 && !range)) {
    throw new BerthError(
      'uploadRangeInvalid',
      `The upload session holds ${stored} bytes, so the next byte to send is number ${stored}, not ${from}.`,
      { details: [{ offset: stored }] },
    )
  }
  if (range && length !== undefined && length !== range.end - range.start + 1) {
    throw new BerthError(
      'uploadRangeInvalid',
      `Content-Range names ${range.end - range.start + 1} bytes but the body has ${length}.`,
      { details: [{ offset: stored }] },
    )
  }
  if (limit !== undefined && length !== undefined && stored + length > limit) throw tooLarge(limit)
}

/** As bytes arrive. Throws `blobTooLarge`, `sizeMismatch`. */
export function checkProgress(
  stored: number,
  received: number,
  expected: number | undefined,
  limit: number | undefined,
): void {
  if (limit !== undefined && stored + received > limit) throw tooLarge(limit)
  if (expected !== undefined && received > expected) throw wrongLength(expected, 'more')
}

/** When the body is over. Throws `sizeMismatch`. */
export function checkEnd(received: number, expected: number | undefined): void {
  if (expected !== undefined && received !== expected) throw wrongLength(expected, String(received))
}

function tooLarge(limit: number): BerthError {
  return new BerthError(
    'blobTooLarge',
    `A blob may have at most ${limit} bytes here (registry.blobMaxBytes).`,
  )
}

function wrongLength(expected: number, received: string): BerthError {
  return new BerthError(
    'sizeMismatch',
    `The request announced ${expected} bytes but sent ${received}. What it sent is dropped; send it again.`,
  )
}
