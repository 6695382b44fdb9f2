import { createHash } from 'node:crypto'
import type { ImageReference } from '@berth/client/image-reference.ts'
import { type Digest, makeDigest, parseDigest } from '@berth/oci/digest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import type { CommandContext } from '../context.ts'
import { pushUpload } from '../sign/publish.ts'

const emptyConfig = Buffer.from('{}')

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
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      artifactType: document.mediaType,
      config: describe('application/vnd.oci.empty.v1+json', emptyConfig),
      layers: [describe(document.mediaType, document.bytes)],
      subject: {
        mediaType: descriptor.mediaType,
        digest: descriptor.digest,
        size: descriptor.size,
      },
    }),
  )
  const blobs = [emptyConfig, document.bytes].map((bytes) => ({ digest: digestOf(bytes), bytes }))
  const upload = { manifest, mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(manifest), blobs }
  return pushUpload(place, upload, [], context.signal)
}

function describe(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

function digestOf(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}
