import { closeSync, openSync, readSync } from 'node:fs'

/**
 * The text of a UTF-8 file of at most `limit` bytes, without a byte order mark. Works on pipes too.
 * Throws an `Error` whose message completes "<file> …": `cannot be read: ENOENT`.
 */
export function readLimited(file: string, limit: number): string {
  return decode(readBytes(file, limit))
}

function readBytes(file: string, limit: number): Buffer {
  const buffer = Buffer.allocUnsafe(limit + 1)
  let length = 0
  try {
    const descriptor = openSync(file, 'r')
    try {
      for (;;) {
        const read = readSync(descriptor, buffer, length, buffer.length - length, null)
        length += read
        if (read === 0 || length === buffer.length) break
      }
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw new Error(`cannot be read: ${codeOf(error)}`, { cause: error })
  }
  if (length > limit) throw new Error(`is larger than ${limit} bytes`)
  return buffer.subarray(0, length)
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('is not UTF-8 text', { cause: error })
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
