import type { Readable } from 'node:stream'
import { type Digest, digestAlgorithm, digestEncoded } from '@berth/oci/digest.ts'

/**
 * Reads the files of an OCI image layout, wherever they are: in a folder or in a tar archive. Names are fixed ones or
 * made from a digest, never a stranger's text.
 */
export interface LayoutFiles {
  /** The file's bytes; `undefined` when there is none. Throws `inputInvalid` when there are more than `maxBytes`. */
  read(file: string, maxBytes: number): Promise<Buffer | undefined>
  /** The bytes from `start` on; `undefined` when there is no such file. */
  open(file: string, start: number, signal?: AbortSignal): Promise<Readable | undefined>
  /** Bytes of the file; `undefined` when there is none. */
  size(file: string): Promise<number | undefined>
}

/** Where a blob is in a layout: `blobs/sha256/<hex>`. */
export function blobFile(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestEncoded(digest)}`
}
