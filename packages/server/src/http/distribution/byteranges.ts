import { randomBytes } from 'node:crypto'
import type { ByteRange } from './range.ts'

/** A `multipart/byteranges` body (RFC 9110, section 14.6), laid out before its first byte is sent. */
export type ByteRangesLayout = {
  readonly contentType: string
  /** Bytes of the whole body. */
  readonly length: number
  /** Each range after the text that comes before it. */
  readonly parts: readonly { readonly preamble: Buffer; readonly range: ByteRange }[]
  readonly epilogue: Buffer
}

/** Lays out several ranges of content of `size` bytes and type `contentType`. */
export function layOutByteRanges(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string,
): ByteRangesLayout {
  const boundary = randomBytes(18).toString('base64url')
  const epilogue = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')
  let length = epilogue.length
  const parts = ranges.map((range, index) => {
    const preamble = Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n` +
        `Content-Type: ${contentType}\r\n` +
        `Content-Range: bytes ${range.start}-${range.end}/${size}\r\n\r\n`,
      'latin1',
    )
    length += preamble.length + (range.end - range.start + 1)
    return { preamble, range }
  })
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length, parts, epilogue }
}
