import { createHash } from 'node:crypto'
import type { ImageReference } from '@berth/client/image-reference.ts'
import { artifactManifest, emptyConfigText } from '@berth/oci/artifact-manifest.ts'
import { type Digest, makeDigest, parseDigest } from '@berth/oci/digest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import type { CommandContext } from '../context.ts'
import { pushUpload } from '../sign/publish.ts'

/** Attaches a document to an image as a referrer of its media type (OCI 1.1); the digest of the referrer. */
export async function attachDocument(
  context: CommandContext,
  image: ImageReference,
  subject: string,
  document: { readonly bytes: Buffer; readonly mediaType: string },
): Promise<Digest> {
  const place = (await context.client()).repository(image)
  const { descriptor } = await place.readManifest(
    { kind: 'digest', digest: parseDigest(subject) },
    context.signal,
  )
  const { bytes: content, mediaType } = document
  const manifest = Buffer.from(
    artifactManifest({
      artifactType: mediaType,
      layer: { mediaType, digest: digestOf(content), size: content.length },
      subject: descriptor,
    }),
  )
  const blobs = [Buffer.from(emptyConfigText), content].map((bytes) => ({
    digest: digestOf(bytes),
    bytes,
  }))
  const upload = { manifest, mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(manifest), blobs }
  return pushUpload(place, upload, [], context.signal)
}

function digestOf(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}
