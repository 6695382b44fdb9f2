import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import type { Blobs, OpenBlob } from '../registry/blobs.ts'

const chunkBytes = 256 * 1024

/** A blob of a repository as a stream; it is released when the stream ends or is destroyed. Throws `blobUnknown`. */
export async function streamBlob(
  blobs: Blobs,
  repository: RepositoryName,
  digest: Digest,
): Promise<Readable> {
  const blob = await blobs.openBlob(repository, digest)
  return Readable.from(chunksOf(blob), { objectMode: false }).once('close', () => blob.release())
}

/**
 * A blob of at most `maxBytes` in memory; `undefined` when it is larger. Throws `blobUnknown`.
 */
export async function readSmallBlob(
  blobs: Blobs,
  repository: RepositoryName,
  digest: Digest,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const blob = await blobs.openBlob(repository, digest)
  try {
    if (blob.size > maxBytes) return undefined
    const chunks: Buffer[] = []
    for await (const chunk of chunksOf(blob)) chunks.push(chunk)
    return Buffer.concat(chunks)
  } finally {
    blob.release()
  }
}

async function* chunksOf(blob: OpenBlob): AsyncGenerator<Buffer> {
  if (blob.bytes !== undefined) {
    yield blob.bytes
    return
  }
  for (let position = 0; position < blob.size; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, blob.size - position))
    const read = await blob.read(chunk, position)
    if (read === 0) {
      throw new Error(`The stored copy of ${blob.digest} ends after ${position} bytes.`)
    }
    position += read
    yield chunk.subarray(0, read)
  }
}
