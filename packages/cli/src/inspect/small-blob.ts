import { createHash } from 'node:crypto'
import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { digestAlgorithm, makeDigest } from '@berth/oci/digest.ts'

/** Of the configs that are met: those of images with very many layers. */
const defaultBytesMax = 8 * 1024 * 1024

/**
 * A blob that is small by nature, such as a config, from any source, compared with its digest. Throws `notFound`,
 * `digestMismatch`, `serverFault` when it has more than `bytesMax`, 8 MiB without it.
 */
export async function readSmallBlob(
  source: ContentSource,
  descriptor: Descriptor,
  signal?: AbortSignal,
  bytesMax = defaultBytesMax,
): Promise<Buffer> {
  const { digest } = descriptor
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of await source.openBlob(descriptor, { signal })) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > bytesMax) {
      throw new ClientError(
        'serverFault',
        `The blob ${digest} of ${source.name} has more than ${bytesMax} bytes.`,
      )
    }
  }
  const bytes = Buffer.concat(chunks)
  const algorithm = digestAlgorithm(digest)
  if (makeDigest(algorithm, createHash(algorithm).update(bytes).digest('hex')) === digest)
    return bytes
  throw new ClientError(
    'digestMismatch',
    `What ${source.name} has for ${digest} is other content.`,
    {
      next: 'Try again; if it stays, the registry or something in between is damaged.',
    },
  )
}
