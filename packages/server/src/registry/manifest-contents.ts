import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, digestAlgorithm, digestEncoded, isDigest } from '@berth/oci/digest.ts'
import type { ParsedManifest } from '@berth/oci/manifest.ts'
import { isForeignLayer } from '@berth/oci/media-type.ts'
import { createHash } from 'node:crypto'
import { BerthError } from '../errors.ts'
import type { Transaction } from '../metadata/database.ts'
import { presentIn } from '../metadata/manifests.ts'

/** Missing digests named in one answer. */
const namedAtMost = 50

/**
 * Checks that what a manifest refers to is in the repository and stays there until the transaction ends.
 * Returns every digest to remember as a reference. Throws `manifestBlobUnknown`.
 */
export async function checkContents(
  tx: Transaction,
  repositoryId: number,
  manifest: ParsedManifest,
  settings: { allowSparseManifests: boolean },
): Promise<{ references: Digest[]; warnings: string[] }> {
  const contents = [
    ...(manifest.config ? [manifest.config] : []),
    ...manifest.layers,
    ...manifest.manifests,
  ]
  const references = [...new Set(contents.map((descriptor) => descriptor.digest))]
  const present = await presentIn(tx, repositoryId, references, {
    manifests: manifest.kind === 'index',
  })
  const missing = contents.filter(
    (descriptor) => !present.has(descriptor.digest) && !isElsewhere(descriptor),
  )
  if (missing.length === 0) return { references, warnings: [] }
  const digests = [...new Set(missing.map((descriptor) => descriptor.digest))]
  if (settings.allowSparseManifests) {
    return { references, warnings: [sparseWarning(missing)] }
  }
  throw new BerthError(
    'manifestBlobUnknown',
    manifest.kind === 'index'
      ? 'The index names manifests that are not in this repository. Push them first.'
      : 'The manifest names blobs that are not in this repository. Push them first.',
    { details: digests.slice(0, namedAtMost).map((digest) => ({ digest })) },
  )
}

/**
 * Every digest that a manifest of an unknown kind mentions, wherever it stands. What they mean is not known, so nothing
 * is demanded of them; but a blob that may belong to such a manifest must not be collected.
 */
export function digestsIn(payload: Buffer): Digest[] {
  const text = payload.toString('latin1')
  const found = text.match(/\b(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\b/g) ?? []
  return [...new Set(found)].filter(isDigest)
}

/** Content that need not be here: layers that a licence keeps at their source, and content carried in the descriptor itself. */
function isElsewhere(descriptor: Descriptor): boolean {
  if (isForeignLayer(descriptor.mediaType) && (descriptor.urls?.length ?? 0) > 0) return true
  if (descriptor.data === undefined) return false
  const bytes = Buffer.from(descriptor.data, 'base64')
  const hash = createHash(digestAlgorithm(descriptor.digest)).update(bytes).digest('hex')
  return bytes.length === descriptor.size && hash === digestEncoded(descriptor.digest)
}

function sparseWarning(missing: readonly Descriptor[]): string {
  const named = missing
    .slice(0, 5)
    .map(({ platform, digest }) =>
      platform
        ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
        : digest,
    )
  const more = missing.length > named.length ? ` and ${missing.length - named.length} more` : ''
  return `incomplete: ${named.join(', ')}${more} not present in this repository`
}
