import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Blobs } from './blobs.ts'

/**
 * A small blob of a repository, whole; `undefined` when it is larger than `maxBytes`, whatever the descriptor says.
 * One that is stored short comes short. Throws `blobUnknown`.
 */
export async function readBlob(
  blobs: Blobs,
  repository: RepositoryName,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  maxBytes: number,
): Promise<Buffer | undefined> {
  if (descriptor.size > maxBytes) return undefined
  const blob = await blobs.openBlob(repository, descriptor.digest)
  try {
    // What is stored counts, not what the manifest says of it.
    if (blob.size > maxBytes) return undefined
    if (blob.bytes) return blob.bytes
    const bytes = Buffer.alloc(blob.size)
    for (let filled = 0; filled < bytes.length; ) {
      const read = await blob.read(bytes.subarray(filled), filled)
      if (read === 0) return bytes.subarray(0, filled)
      filled += read
    }
    return bytes
  } finally {
    blob.release()
  }
}
