import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
/** Far beyond what the limits of the scanner let through. */
const maxOutputLength = 512 * 1024 ** 2

/** Plain data as compressed JSON, for a column. */
export function packJson(value: unknown): Promise<Buffer> {
  return compress(JSON.stringify(value))
}

/** Reads what `packJson` made; it is ours, so its shape is not checked again. */
export async function unpackJson<T>(packed: Uint8Array): Promise<T> {
  return JSON.parse((await decompress(packed, { maxOutputLength })).toString()) as T
}
