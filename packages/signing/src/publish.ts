import { createHash } from 'node:crypto'
import { artifactManifest, emptyConfig, emptyConfigText } from '@berth/oci/artifact-manifest.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type JsonObject, isJsonObject } from '@berth/oci/json-guard.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import type { SignatureArtifact } from './sign.ts'
import { notationConfigMediaType } from './signature.ts'

/** What to upload, blobs first. */
export type SignatureUpload = {
  readonly manifest: Buffer
  readonly mediaType: string
  readonly digest: Digest
  readonly blobs: readonly { readonly digest: Digest; readonly bytes: Buffer }[]
}

/** The manifest that refers to the image, for a `bundle` or `notation`. `subject` is the image's own descriptor. */
export function referrerManifest(
  artifact: SignatureArtifact,
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  created: Date,
): SignatureUpload {
  const manifest = artifactManifest({
    ...(artifact.place === 'notation'
      ? { config: { ...emptyConfig, mediaType: notationConfigMediaType } }
      : { artifactType: artifact.mediaType }),
    layer: describe(artifact.mediaType, artifact.blob),
    subject,
    annotations: {
      ...artifact.annotations,
      'org.opencontainers.image.created': created.toISOString().replace(/\.\d+/, ''),
    },
  })
  return upload(manifest, [Buffer.from(emptyConfigText), artifact.blob])
}

/**
 * The manifest under cosign's tag, with this signature added to what `previous`, the manifest that the tag has now,
 * already holds. Throws a `SyntaxError` when `previous` is not JSON; a registry never stores such a manifest.
 */
export function tagManifest(
  artifact: SignatureArtifact,
  previous: Uint8Array | undefined,
): SignatureUpload {
  const former = previous === undefined ? [] : formerLayers(previous)
  const layer = {
    ...describe(artifact.mediaType, artifact.blob),
    annotations: artifact.annotations,
  }
  const layers = [...former, layer]
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      created: '0001-01-01T00:00:00Z',
      history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })),
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      config: {},
    }),
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers,
  }
  return upload(JSON.stringify(manifest), [config, artifact.blob])
}

function formerLayers(previous: Uint8Array): JsonObject[] {
  const manifest: unknown = JSON.parse(Buffer.from(previous).toString())
  const layers = isJsonObject(manifest) ? manifest.layers : undefined
  return Array.isArray(layers) ? layers.filter(isJsonObject) : []
}

function upload(manifest: string, blobs: readonly Buffer[]): SignatureUpload {
  const bytes = Buffer.from(manifest)
  return {
    manifest: bytes,
    mediaType: OCI_IMAGE_MANIFEST,
    digest: digestOf(bytes),
    blobs: blobs.map((blob) => ({ digest: digestOf(blob), bytes: blob })),
  }
}

function describe(
  mediaType: string,
  bytes: Buffer,
): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

function digestOf(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}
