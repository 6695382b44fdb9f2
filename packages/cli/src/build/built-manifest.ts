import { createHash } from 'node:crypto'
import type { ContentSource, ManifestContent } from '@berth/client/content.ts'
import type { OciLayout } from '@berth/client/layout/oci-layout.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { parseImageConfig } from '@berth/oci/image-config.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { formatPlatform, isRunnable } from '@berth/oci/platform.ts'
import { parseTagName, type Reference, type TagName } from '@berth/oci/reference.ts'
import { ClientError } from '@berth/client/client-error.ts'

/** One platform of an image that was built. */
export type BuiltPlatform = {
  /** As its configuration says: `linux/arm64`. */
  readonly platform: string
  readonly digest: Digest
  readonly layers: number
  /** Of the layers as they are stored, in bytes. */
  readonly size: number
  /** When each step was made, lowest first, those of the base included. */
  readonly history: readonly (Date | undefined)[]
  readonly base: { readonly name: string; readonly digest: string | undefined } | undefined
}

const configMax = 8 * 1024 * 1024
const indexMediaType = 'application/vnd.oci.image.index.v1+json'

/** Reads what was built: the platforms of the index, or the one of the image. */
export async function readPlatforms(
  source: ContentSource,
  reference: Reference,
): Promise<{ readonly root: ManifestContent; readonly platforms: readonly BuiltPlatform[] }> {
  const root = await source.readManifest(reference)
  const children = root.parsed.manifests.filter((each) => isRunnable(each.platform))
  const contents =
    children.length === 0
      ? [root]
      : await Promise.all(
          children.map(({ digest }) => source.readManifest({ kind: 'digest', digest })),
        )
  const platforms = await Promise.all(contents.map((content) => readPlatform(source, content)))
  return { root, platforms }
}

async function readPlatform(
  source: ContentSource,
  { parsed, descriptor }: ManifestContent,
): Promise<BuiltPlatform> {
  if (parsed.config === undefined) {
    throw new ClientError(
      'toolFailed',
      `The builder made a manifest without configuration in ${source.name}.`,
    )
  }
  const config = parseImageConfig(await readConfig(source, parsed.config))
  const name = parsed.annotations['org.opencontainers.image.base.name']
  return {
    platform: formatPlatform({
      os: config.os ?? 'unknown',
      architecture: config.architecture ?? 'unknown',
      variant: config.variant,
    }),
    digest: descriptor.digest,
    layers: parsed.layers.length,
    size: parsed.layers.reduce((sum, layer) => sum + layer.size, 0),
    history: config.history.map(({ created }) => created),
    base:
      name === undefined || name === ''
        ? undefined
        : { name, digest: parsed.annotations['org.opencontainers.image.base.digest'] },
  }
}

async function readConfig(source: ContentSource, config: Descriptor): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of await source.openBlob(config)) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > configMax) {
      throw new ClientError(
        'toolFailed',
        `The configuration of the image has more than ${configMax} bytes.`,
      )
    }
  }
  return Buffer.concat(chunks)
}

/** Puts an index of images of several platforms into the layout that holds them, and names it. */
export async function writeIndex(
  layout: OciLayout,
  images: readonly { readonly platform: string; readonly descriptor: Descriptor }[],
  annotations: Readonly<Record<string, string>>,
  tag: TagName,
): Promise<void> {
  const manifests = images.map(({ platform, descriptor: { mediaType, digest, size } }) => {
    const [os, architecture, variant] = platform.split('/')
    return {
      mediaType,
      digest,
      size,
      platform: { architecture, os, ...(variant !== undefined && { variant }) },
    }
  })
  const index = {
    schemaVersion: 2,
    mediaType: indexMediaType,
    manifests,
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
  const bytes = Buffer.from(JSON.stringify(index))
  const digest = makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
  const descriptor = { mediaType: indexMediaType, digest, size: bytes.length }
  await layout.putManifest({ descriptor, bytes, parsed: parseManifest(bytes, indexMediaType) }, [
    tag,
  ])
}

/** The name of the image in the layouts that builders export to. */
export const exportTag = parseTagName('berth')
