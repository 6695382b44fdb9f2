import { createHash } from 'node:crypto'
import { ClientError } from '@berth/client/client-error.ts'
import type { ManifestContent } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { makeDigest } from '@berth/oci/digest.ts'
import { isJsonObject, parseGuardedJson } from '@berth/oci/json-guard.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_IMAGE_INDEX } from '@berth/oci/media-type.ts'
import { formatPlatform, isRunnable } from '@berth/oci/platform.ts'
import { shortDigest } from '../format.ts'
import { attestedDigest } from '../inspect/attachment-kinds.ts'

/** An entry of an index with what it came from, for messages. */
export type IndexEntry = { readonly descriptor: Descriptor; readonly from: string }

/**
 * Entries in their lasting order: images by platform, each followed by its attestations, then the rest by digest. What
 * is there twice is there once. Throws `inputInvalid` when two images are for one platform.
 */
export function orderEntries(entries: readonly IndexEntry[]): readonly Descriptor[] {
  const unique = [...new Map(entries.map((entry) => [entry.descriptor.digest, entry])).values()]
  const images = unique
    .filter(({ descriptor }) => isImage(descriptor))
    .map((entry) => ({ ...entry, platform: platformKey(entry.descriptor) }))
    .sort(
      (a, b) =>
        compare(a.platform, b.platform) || compare(a.descriptor.digest, b.descriptor.digest),
    )
  for (const [at, { platform, from }] of images.entries()) {
    const before = images[at - 1]
    if (before?.platform !== platform) continue
    throw new ClientError(
      'inputInvalid',
      `There are two images for ${platform}: ${before.from} and ${from}.`,
      {
        next: 'Leave one of them away, or say what it is for with --platform image=os/architecture.',
      },
    )
  }
  const others = unique
    .filter(({ descriptor }) => !isImage(descriptor))
    .map(({ descriptor }) => descriptor)
    .sort((a, b) => compare(a.digest, b.digest))
  const ordered = images.flatMap(({ descriptor }) => [
    descriptor,
    ...others.filter((other) => attestedDigest(other) === descriptor.digest),
  ])
  return [...ordered, ...others.filter((other) => !ordered.includes(other))]
}

/** The bytes of a new index: the same entries and annotations are always the same bytes. */
export function encodeIndex(
  entries: readonly Descriptor[],
  annotations: Readonly<Record<string, string>>,
): ManifestContent {
  const isDocker =
    Object.keys(annotations).length === 0 &&
    entries.every(
      ({ mediaType, annotations: own }) => mediaType === DOCKER_MANIFEST && own === undefined,
    )
  const mediaType = isDocker ? DOCKER_MANIFEST_LIST : OCI_IMAGE_INDEX
  return toContent({
    schemaVersion: 2,
    mediaType,
    manifests: entries.map(encodeEntry),
    ...(Object.keys(annotations).length > 0 && { annotations: sorted(annotations) }),
  })
}

/** The same index with other entries; everything else in it stays as it is. */
export function replaceEntries(
  index: ManifestContent,
  entries: readonly Descriptor[],
): ManifestContent {
  const body = parseGuardedJson(index.bytes)
  const given = isJsonObject(body) ? body : {}
  const isDockerOnly = index.descriptor.mediaType === DOCKER_MANIFEST_LIST
  const fits = !isDockerOnly || entries.every(({ mediaType }) => mediaType === DOCKER_MANIFEST)
  const mediaType = fits ? index.descriptor.mediaType : OCI_IMAGE_INDEX
  return toContent({ ...given, mediaType, manifests: entries.map(encodeEntry) })
}

/** Whether an entry is an image that runs somewhere, rather than what is said about one. */
export function isImage(entry: Descriptor): boolean {
  return isRunnable(entry.platform) && attestedDigest(entry) === undefined
}

/** Images that differ in the version of their system only (Windows) are for different platforms. */
function platformKey({ platform, digest }: Descriptor): string {
  if (platform === undefined) return `no platform (${shortDigest(digest)})`
  const version = platform['os.version']
  return `${formatPlatform(platform)}${version === undefined ? '' : ` (${version})`}`
}

function encodeEntry(entry: Descriptor): object {
  const { mediaType, digest, size, artifactType, platform, annotations, urls, data } = entry
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(platform !== undefined && { platform }),
    ...(annotations !== undefined && { annotations: sorted(annotations) }),
    ...(urls !== undefined && { urls }),
    ...(data !== undefined && { data }),
  }
}

function toContent(
  body: Readonly<Record<string, unknown>> & { readonly mediaType: string },
): ManifestContent {
  const bytes = Buffer.from(JSON.stringify(body))
  const digest = makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
  return {
    descriptor: { mediaType: body.mediaType, digest, size: bytes.length },
    bytes,
    parsed: parseManifest(bytes, body.mediaType),
  }
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => compare(a, b)))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
