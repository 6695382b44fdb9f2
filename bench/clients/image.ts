import { randomBytes } from 'node:crypto'
import { digestOf, type UniqueBlob, uniqueBlob } from '../unique-data.ts'
import { type RegistryConnection, registryBlobPath } from './registry.ts'

export const imageMediaType = 'application/vnd.oci.image.manifest.v1+json'

export type Image = { blobs: UniqueBlob[]; manifest: Buffer }

/** An image that no registry has seen: a config of about 2 KB and layers of random bytes. */
export function uniqueImage(shape: { layers: number; layerBytes: number }): Image {
  const layers = Array.from({ length: shape.layers }, () => uniqueBlob(shape.layerBytes))
  const configBytes = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { unique: randomBytes(750).toString('hex') } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  )
  const config = { digest: digestOf(configBytes), bytes: configBytes }
  const manifest = {
    schemaVersion: 2,
    mediaType: imageMediaType,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
  }
  return { blobs: [...layers, config], manifest: Buffer.from(JSON.stringify(manifest)) }
}

/** What `docker push` sends: per blob HEAD, POST, PATCH, PUT and HEAD again, then the manifest by tag. */
export async function pushImage(
  connection: RegistryConnection,
  repository: string,
  tag: string,
  image: Image,
): Promise<void> {
  for (const { digest, bytes } of image.blobs) {
    const path = registryBlobPath(repository, digest)
    await connection.request('HEAD', path, [404])
    await connection.pushBlob(repository, digest, bytes)
    await connection.request('HEAD', path, [200])
  }
  await connection.pushManifest(repository, tag, imageMediaType, image.manifest)
}

function descriptor(mediaType: string, { digest, bytes }: UniqueBlob) {
  return { mediaType, digest, size: bytes.length }
}
