import { isClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import {
  cosignTags,
  readSignatureManifest,
  type SignatureMaterial,
} from '@berth/signing/signature.ts'
import { payloadBytesMax } from '@berth/signing/limits.ts'
import { readSmallBlob } from '../inspect/small-blob.ts'

/** Manifests that are looked at; whoever attaches more does not make the others count less. */
const manifestsMax = 200

/** Every signature and attestation beside an image, as cosign of all versions and Notation leave them; none is verified. */
export async function findSignatures(
  source: ContentSource,
  subject: Descriptor,
  signal: AbortSignal,
): Promise<SignatureMaterial[]> {
  const found: SignatureMaterial[] = []
  for (const digest of await manifestsAbout(source, subject.digest, signal)) {
    const { bytes, descriptor } = await source.readManifest({ kind: 'digest', digest }, signal)
    const layers = readSignatureManifest(bytes, descriptor.mediaType)?.layers ?? []
    for (const { descriptor: layer, format, annotations } of layers) {
      const payload = await readSmallBlob(source, layer, signal, payloadBytesMax)
      found.push({ source: digest, format, payload, annotations, mediaType: layer.mediaType })
    }
  }
  return found
}

async function manifestsAbout(
  source: ContentSource,
  subject: Digest,
  signal: AbortSignal,
): Promise<Set<Digest>> {
  const digests = new Set<Digest>()
  try {
    for await (const { digest } of source.listReferrers(subject, signal)) {
      if (digests.size === manifestsMax) break
      digests.add(digest)
    }
  } catch (error) {
    // A registry that does not list referrers may still have the tags.
    if (!isClientError(error, 'unsupported')) throw error
  }
  const tags = cosignTags({ digest: subject })
  for (const name of tags === undefined ? [] : [tags.signatures, tags.attestations]) {
    const there = await source.resolve({ kind: 'tag', tag: parseTagName(name) }, signal)
    if (there !== undefined) digests.add(there.digest)
  }
  return digests
}
