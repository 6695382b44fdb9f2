import type { ParsedManifest } from '@berth/oci/manifest.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'

const imageConfigs = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/** Layers that hold a signature, an SBOM or an attestation, and from which nothing runs. */
const attachmentLayer =
  /^(?:application\/(?:vnd\.dev\.cosign\.(?:simplesigning|artifact\.[a-z.]+)\.v1\+json|vnd\.dsse\.envelope\.v1\+json|vnd\.in-toto\+json|vnd\.dev\.sigstore\.bundle[a-z0-9.+-]*(?:;version=[0-9.]+)?|spdx\+json|vnd\.cyclonedx(?:\+json|\+xml)?|vnd\.syft\+json|jose\+json|cose|vnd\.goharbor\.harbor\.sbom\.v1)|text\/spdx(?:\+json|\+xml)?)$/

/**
 * What a manifest is to a policy. What it says of itself does not make it an attachment: with the configuration of an image
 * and layers of any other kind than signatures it may run, whatever its `subject` and its tag.
 */
export function classify(
  manifest: Pick<ParsedManifest, 'kind' | 'config' | 'layers' | 'subject'>,
): 'image' | 'index' | 'artifact' | 'attachment' {
  if (manifest.kind === 'index') return 'index'
  if (manifest.kind === 'opaque') return 'artifact'
  const { layers, config } = manifest
  if (layers.length > 0 && layers.every(({ mediaType }) => attachmentLayer.test(mediaType))) {
    return 'attachment'
  }
  if (config && imageConfigs.has(config.mediaType)) return 'image'
  return manifest.subject === undefined ? 'artifact' : 'attachment'
}

/** What an attachment is an SBOM in, by its artifact type or that of what it states. */
export function sbomFormat(type: string | null | undefined): 'spdx' | 'cyclonedx' | undefined {
  if (!type) return undefined
  if (
    /^(?:application\/spdx\+json|text\/spdx(?:\+json|\+xml)?|https:\/\/spdx\.dev\/Document.*)$/.test(
      type,
    )
  ) {
    return 'spdx'
  }
  if (
    /^(?:application\/vnd\.cyclonedx(?:\+json|\+xml)?|https:\/\/cyclonedx\.org\/bom.*)$/.test(type)
  ) {
    return 'cyclonedx'
  }
  // Harbor's is SPDX.
  return type === 'application/vnd.goharbor.harbor.sbom.v1' ? 'spdx' : undefined
}

/** `linux/arm64/v8`; `undefined` when the descriptor does not say, or says that it is for none. */
export function platformOf(descriptor: Descriptor): string | undefined {
  const { os, architecture, variant } = descriptor.platform ?? {}
  if (os === undefined || architecture === undefined) return undefined
  return [os, architecture, variant].filter(Boolean).join('/')
}

/** BuildKit's attestations stand in the index beside the images, for no platform. */
export function attestedBy(descriptor: Descriptor): string | undefined {
  const { annotations = {} } = descriptor
  return annotations['vnd.docker.reference.type'] === 'attestation-manifest'
    ? annotations['vnd.docker.reference.digest']
    : undefined
}
