import { DOCKER_MANIFEST, OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'

/** Manifests that may be images. */
export const imageManifestTypes: readonly string[] = [OCI_IMAGE_MANIFEST, DOCKER_MANIFEST]

/** Configurations of images; of an artifact it is something else. */
export const imageConfigTypes: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]

const layerTypes = /^application\/vnd\.(?:oci\.image\.layer\.|docker\.image\.rootfs\.)/

/** Whether a layer is a part of a file system: attestations of buildx have the configuration of an image, but other layers. */
export function isFileSystemLayer(mediaType: string): boolean {
  return layerTypes.test(mediaType)
}
