import { Readable } from 'node:stream'
import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource, ContentTarget, ManifestContent } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, parseDigest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import { referrerManifest, type SignatureUpload, tagManifest } from '@berth/signing/publish.ts'
import type { SignatureArtifact } from '@berth/signing/sign.ts'
import { cosignTags } from '@berth/signing/signature.ts'

/**
 * Stores a signature beside its image: as a referrer, or under cosign's tag with what the tag holds already. Answers the
 * digest of the manifest that carries it. Throws what a push throws.
 */
export async function publishSignature(
  place: ContentSource & ContentTarget,
  artifact: SignatureArtifact,
  subject: Descriptor,
  signal: AbortSignal,
): Promise<Digest> {
  if (artifact.place === 'bundle') {
    const upload = referrerManifest(artifact, subject, new Date())
    return pushUpload(place, upload, [], signal)
  }
  const tags = cosignTags(subject)
  if (tags === undefined) {
    throw new ClientError('inputInvalid', `There is no tag for signatures of ${subject.digest}.`)
  }
  const tag = parseTagName(artifact.place === 'signature-tag' ? tags.signatures : tags.attestations)
  const former = await place.resolve({ kind: 'tag', tag }, signal)
  const previous =
    former && (await place.readManifest({ kind: 'digest', digest: former.digest }, signal))
  return pushUpload(place, tagManifest(artifact, previous?.bytes), [tag], signal)
}

/** Pushes the blobs of an upload, then its manifest. */
export async function pushUpload(
  target: ContentTarget,
  upload: SignatureUpload,
  tags: Parameters<ContentTarget['putManifest']>[1],
  signal: AbortSignal,
): Promise<Digest> {
  for (const { digest, bytes } of upload.blobs) {
    const descriptor = {
      mediaType: 'application/octet-stream',
      digest: parseDigest(digest),
      size: bytes.length,
    }
    await target.putBlob(descriptor, async (start) => Readable.from([bytes.subarray(start)]), {
      signal,
    })
  }
  const content: ManifestContent = {
    descriptor: {
      mediaType: upload.mediaType,
      digest: upload.digest,
      size: upload.manifest.length,
    },
    bytes: upload.manifest,
    parsed: parseManifest(upload.manifest, upload.mediaType),
  }
  await target.putManifest(content, tags, signal)
  return upload.digest
}
