import type { Descriptor } from './descriptor.ts'
import { OCI_IMAGE_MANIFEST } from './media-type.ts'

/** What an artifact without a configuration has in its place (image-spec manifest.md, "Guidance for an Empty Descriptor"). */
export const emptyConfigText = '{}'

export const emptyConfig: Descriptor = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest:
    'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' as Descriptor['digest'],
  size: emptyConfigText.length,
}

/** The manifest of an artifact in one layer, as JSON; with a subject it is a referrer. The same input makes the same text. */
export function artifactManifest(artifact: {
  readonly artifactType?: string
  readonly config?: Descriptor
  readonly layer: Descriptor
  readonly subject?: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>
  readonly annotations?: Readonly<Record<string, string>>
}): string {
  const { artifactType, config = emptyConfig, layer, subject, annotations } = artifact
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    ...(artifactType !== undefined && { artifactType }),
    config,
    layers: [layer],
    ...(subject !== undefined && {
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    }),
    ...(annotations !== undefined && { annotations }),
  })
}
