import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { isImageManifestMediaType } from '@berth/oci/media-type.ts'
import type { StoredManifest } from '../registry/manifests.ts'

/** An image, or one of an index. */
export type ListedImage = {
  readonly digest: string
  readonly mediaType: string
  /** As the index says. */
  readonly platform: string | null
}

/** Images of an index that are looked at. */
const imagesMax = 200

/** The images that a manifest is or lists: scanners take no index. */
export function listImages({ digest, mediaType, payload }: StoredManifest): ListedImage[] {
  const manifest = parseManifest(payload, mediaType)
  if (manifest.kind === 'image') return [{ digest, mediaType, platform: null }]
  return (
    manifest.manifests
      .filter((child) => isImageManifestMediaType(child.mediaType))
      .map((child) => ({
        digest: child.digest,
        mediaType: child.mediaType,
        platform: platformOf(child),
      }))
      // What buildx adds are no images, and say so in this way.
      .filter(({ platform }) => platform !== 'unknown/unknown')
      .slice(0, imagesMax)
  )
}

function platformOf({ platform }: Descriptor): string | null {
  if (platform === undefined) return null
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
}
