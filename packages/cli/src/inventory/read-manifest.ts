import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { type ImageConfig, parseImageConfig } from '@berth/oci/image-config.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import type { ImageFacts, ManifestFacts } from './contents.ts'
import type { ManifestCache } from './manifest-cache.ts'

const configBytesMax = 4 * 1024 * 1024
const stepMax = 400
const stepsMax = 200
const configTypes = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/**
 * Reads one manifest and, of an image, its configuration: from the cache, else from the repository. Throws what the
 * repository throws. A configuration that cannot be understood is left out.
 */
export async function readManifestFacts(
  repository: RemoteRepository,
  digest: Digest,
  cache: ManifestCache | undefined,
  signal: AbortSignal,
): Promise<ManifestFacts> {
  const { size, parsed } = await readParsed(repository, digest, cache, signal)
  const { config, layers, manifests, subject, mediaType, artifactType, annotations } = parsed
  const configuration =
    parsed.kind === 'image' && config !== undefined && configTypes.has(config.mediaType)
      ? await readConfig(repository, config, cache, signal)
      : undefined
  const runs = configuration !== undefined && configuration.architecture !== 'unknown'
  return {
    digest,
    size,
    mediaType,
    kind: parsed.kind === 'index' ? 'index' : runs ? 'image' : 'artifact',
    artifactType,
    config,
    layers,
    children: manifests,
    subject: subject?.digest,
    annotations,
    image: runs ? imageFacts(configuration) : undefined,
  }
}

async function readParsed(
  repository: RemoteRepository,
  digest: Digest,
  cache: ManifestCache | undefined,
  signal: AbortSignal,
): Promise<{ readonly size: number; readonly parsed: ParsedManifest }> {
  const kept = await cache?.get(digest)
  const parsed = kept === undefined ? undefined : parseKept(kept)
  if (kept !== undefined && parsed !== undefined) return { size: kept.length, parsed }
  const content = await repository.readManifest({ kind: 'digest', digest }, signal)
  // Without its header, the media type has to be in the manifest itself.
  if (parseKept(content.bytes)?.mediaType === content.parsed.mediaType) {
    await cache?.put(digest, content.bytes)
  }
  return { size: content.bytes.length, parsed: content.parsed }
}

async function readConfig(
  repository: RemoteRepository,
  descriptor: NonNullable<ManifestFacts['config']>,
  cache: ManifestCache | undefined,
  signal: AbortSignal,
): Promise<ImageConfig | undefined> {
  if (descriptor.size > configBytesMax) return undefined
  let bytes = await cache?.get(descriptor.digest)
  if (bytes === undefined) {
    bytes = await repository.readBlob(descriptor, configBytesMax, signal)
    await cache?.put(descriptor.digest, bytes)
  }
  return tryParse(() => parseImageConfig(bytes))
}

function parseKept(bytes: Buffer): ParsedManifest | undefined {
  return tryParse(() => parseManifest(bytes, undefined))
}

function tryParse<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof OciError) return undefined
    throw error
  }
}

function imageFacts(config: ImageConfig): ImageFacts {
  const { created, os, architecture, variant, environment, labels, diffIds, history } = config
  return {
    created,
    os,
    architecture,
    variant,
    environment: environment.slice(0, stepsMax).map((each) => each.slice(0, stepMax)),
    labels,
    diffIds,
    steps: history.slice(0, stepsMax).map(({ createdBy }) => createdBy.slice(0, stepMax)),
  }
}
