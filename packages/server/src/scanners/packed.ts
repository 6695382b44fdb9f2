import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
/** Beyond what any report that was taken holds. */
const maxOutputLength = 128 * 1024 * 1024

/** Bytes or text for a column. */
export function pack(content: Uint8Array | string): Promise<Buffer> {
  return compress(content)
}

export function unpack(packed: Uint8Array): Promise<Buffer> {
  return decompress(packed, { maxOutputLength })
}
