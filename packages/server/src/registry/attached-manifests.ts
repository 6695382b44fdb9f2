import type { Digest } from '@berth/oci/digest.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { isIndexMediaType } from '@berth/oci/media-type.ts'
import { type RepositoryName, parseReference } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Manifests, StoredManifest } from './manifests.ts'
import type { Referrers } from './referrers.ts'

/** A manifest that says something of an image. */
export type AttachedManifest = {
  readonly digest: Digest
  /** The image that it is about. */
  readonly subject: string
  readonly how: 'referrer' | 'tag' | 'attestation'
  readonly layers: readonly Descriptor[]
  readonly annotations: Readonly<Record<string, string>>
}

const inToto = 'application/vnd.in-toto+json'
const predicateAnnotations = [
  'in-toto.io/predicate-type',
  'dev.sigstore.bundle.predicateType',
  'predicateType',
]
/** Of each kind. */
const manifestsMax = 100

/** Whether a layer is a bare in-toto statement, which nobody signed. */
export function isStatement({ mediaType }: Descriptor): boolean {
  return mediaType === inToto
}

/** What a layer of an attached manifest states, as the URI of its type; `undefined` when that is not said. */
export function statedType(layer: Descriptor, attached: AttachedManifest): string | undefined {
  return predicateAnnotations
    .map((name) => layer.annotations?.[name] ?? attached.annotations[name])
    .find((type) => type !== undefined)
}

/**
 * What is attached to an image: its referrers, what cosign left under a tag that ends with `tagEnding`, and what buildx adds
 * to an index for each of its images. What is gone meanwhile is left out, as an index may name what was never pushed.
 */
export async function* attachedManifests(
  parts: { readonly manifests: Manifests; readonly referrers: Referrers },
  repository: RepositoryName,
  image: StoredManifest,
  tagEnding?: string,
): AsyncGenerator<AttachedManifest> {
  const read = async (
    reference: string,
    how: AttachedManifest['how'],
    subject: string = image.digest,
  ): Promise<AttachedManifest[]> => {
    const stored = await findManifest(parts.manifests, repository, reference)
    if (stored === undefined) return []
    const { layers, annotations } = parseManifest(stored.payload, stored.mediaType)
    return [{ digest: stored.digest, subject, how, layers, annotations }]
  }
  const { descriptors } = await parts.referrers.listReferrers(repository, image.digest, {
    artifactTypes: [],
    after: undefined,
  })
  for (const { digest } of descriptors.slice(0, manifestsMax)) yield* await read(digest, 'referrer')
  if (tagEnding !== undefined) {
    yield* await read(`${image.digest.replace(':', '-')}.${tagEnding}`, 'tag')
  }
  if (!isIndexMediaType(image.mediaType)) return
  const { manifests } = parseManifest(image.payload, image.mediaType)
  for (const { digest, annotations } of manifests.slice(0, manifestsMax)) {
    if (annotations?.['vnd.docker.reference.type'] !== 'attestation-manifest') continue
    yield* await read(digest, 'attestation', annotations['vnd.docker.reference.digest'])
  }
}

async function findManifest(
  manifests: Manifests,
  repository: RepositoryName,
  reference: string,
): Promise<StoredManifest | undefined> {
  try {
    return await manifests.getManifest(repository, parseReference(reference))
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'manifestUnknown') return undefined
    throw error
  }
}
