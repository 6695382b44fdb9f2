import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ManifestContent } from '@berth/client/content.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { makeDigest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { parseTagName } from '@berth/oci/reference.ts'

/** A small image of one layer that nobody else has. */
export async function pushSmallImage(
  repository: RemoteRepository,
  tags: readonly string[],
): Promise<ManifestContent> {
  const layer = randomBytes(5000)
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux' }))
  const descriptors = {
    config: describe(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [describe(layer, 'application/vnd.oci.image.layer.v1.tar')],
  }
  for (const [bytes, descriptor] of [
    [config, descriptors.config],
    [layer, descriptors.layers[0]],
  ] as const) {
    if (descriptor === undefined) continue
    await repository.putBlob(descriptor, (start) =>
      Promise.resolve(Readable.from([bytes.subarray(start)])),
    )
  }
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, ...descriptors }),
  )
  const content = {
    descriptor: describe(bytes, OCI_IMAGE_MANIFEST),
    bytes,
    parsed: parseManifest(bytes, OCI_IMAGE_MANIFEST),
  }
  await repository.putManifest(content, tags.map(parseTagName))
  return content
}

/** Reads the image with everything in it, and says how many bytes of layers came. Their digests are compared. */
export async function pullSmallImage(repository: RemoteRepository, tag: string): Promise<number> {
  const { parsed } = await repository.readManifest({ kind: 'tag', tag: parseTagName(tag) })
  if (parsed.kind !== 'image') throw new Error(`not an image but ${parsed.kind}`)
  let size = 0
  for (const layer of parsed.layers) {
    const bytes = await buffer(await repository.openBlob(layer))
    if (describe(bytes, layer.mediaType).digest !== layer.digest) throw new Error('other bytes')
    size += bytes.length
  }
  return size
}

function describe(bytes: Buffer, mediaType: string): Descriptor {
  const hex = createHash('sha256').update(bytes).digest('hex')
  return { mediaType, digest: makeDigest('sha256', hex), size: bytes.length }
}
