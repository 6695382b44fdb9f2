import { isClientError } from '@berth/client/client-error.ts'
import type { ManifestContent } from '@berth/client/content.ts'
import type { ImageReference } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, isDigest } from '@berth/oci/digest.ts'
import { type ImageConfig, parseImageConfig } from '@berth/oci/image-config.ts'
import { formatPlatform, isRunnable } from '@berth/oci/platform.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import type { LockedBase, LockedImage, LockedPlatform } from './lock-file.ts'

export type DescribeOptions = {
  /** Read by this digest and not by the tag. */
  readonly digest?: Digest | undefined
  /** Whether the layers are wanted, which takes two more requests for each of at most two platforms. */
  readonly wantsLayers: boolean
  readonly signal?: AbortSignal | undefined
}

export type ImageDescription = Omit<LockedImage, 'usedIn'>

const configMax = 8 * 1024 * 1024
const preferred = ['linux/amd64', 'linux/arm64']
const annotation = 'org.opencontainers.image'

/** What a registry has under a reference, as far as the lock keeps it. Throws `notFound` when there is nothing. */
export async function describeImage(
  client: RegistryClient,
  image: ImageReference,
  { digest = image.digest, wantsLayers, signal }: DescribeOptions,
): Promise<ImageDescription> {
  const repository = client.repository(image)
  const content = await repository.readManifest(
    digest === undefined
      ? { kind: 'tag', tag: image.tag ?? parseTagName('latest') }
      : { kind: 'digest', digest },
    signal,
  )
  const children = content.parsed.manifests.filter(
    ({ platform }) => platform !== undefined && isRunnable(platform),
  )
  const noted = { ...children[0]?.annotations, ...content.parsed.annotations }
  const details: Detail[] = []
  if (content.parsed.kind === 'image') details.push(await readDetail(repository, content, signal))
  else if (content.parsed.kind === 'index') {
    const isTold = momentOf(noted[`${annotation}.created`]) !== undefined
    const count = wantsLayers ? 2 : isTold ? 0 : 1
    for (const child of chosen(children).slice(0, count)) {
      const detail = await readChild(repository, child, signal)
      if (detail !== undefined) details.push(detail)
    }
  }
  const created = momentOf(noted[`${annotation}.created`]) ?? details[0]?.config?.created
  const base = baseOf({ ...details[0]?.notes, ...noted })
  return {
    digest: content.descriptor.digest,
    mediaType: content.descriptor.mediaType,
    ...(created !== undefined && { created: created.toISOString() }),
    platforms: platformsOf(content, children, details, wantsLayers),
    ...(base !== undefined && { base }),
  }
}

type Detail = {
  readonly digest: Digest
  readonly config: ImageConfig | undefined
  readonly notes: Readonly<Record<string, string>>
}

function platformsOf(
  content: ManifestContent,
  children: readonly Descriptor[],
  details: readonly Detail[],
  wantsLayers: boolean,
): LockedPlatform[] {
  const layersOf = (digest: Digest) => {
    const config = details.find((each) => each.digest === digest)?.config
    return wantsLayers && config !== undefined ? { layers: [...config.diffIds] } : {}
  }
  if (content.parsed.kind === 'index') {
    return children.map(({ platform, digest }) => ({
      platform: formatPlatform(platform ?? {}),
      digest,
      ...layersOf(digest),
    }))
  }
  const [own] = details
  if (own?.config?.architecture === undefined) return []
  const { os = 'linux', architecture, variant } = own.config
  const platform = formatPlatform({ os, architecture, ...(variant !== undefined && { variant }) })
  return [{ platform, digest: own.digest, ...layersOf(own.digest) }]
}

/** Those of an index that most images have first. */
function chosen(children: readonly Descriptor[]): readonly Descriptor[] {
  const rank = ({ platform }: Descriptor) => {
    const at = preferred.indexOf(formatPlatform(platform ?? {}))
    return at === -1 ? preferred.length : at
  }
  return [...children].sort((a, b) => rank(a) - rank(b))
}

async function readChild(
  repository: RemoteRepository,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Detail | undefined> {
  try {
    const content = await repository.readManifest({ kind: 'digest', digest }, signal)
    return await readDetail(repository, content, signal)
  } catch (error) {
    // An index may name platforms that were never copied.
    if (isClientError(error, 'notFound')) return undefined
    throw error
  }
}

async function readDetail(
  repository: RemoteRepository,
  { descriptor, parsed }: ManifestContent,
  signal: AbortSignal | undefined,
): Promise<Detail> {
  const isImage = parsed.config !== undefined && /image.*json$/.test(parsed.config.mediaType)
  const config =
    parsed.config !== undefined && isImage
      ? parseImageConfig(await repository.readBlob(parsed.config, configMax, signal))
      : undefined
  return { digest: descriptor.digest, config, notes: { ...config?.labels, ...parsed.annotations } }
}

function baseOf(notes: Readonly<Record<string, string>>): LockedBase | undefined {
  const name = notes[`${annotation}.base.name`]
  const digest = notes[`${annotation}.base.digest`]
  if (name === undefined || name === '') return undefined
  return { name, ...(digest !== undefined && isDigest(digest) && { digest }) }
}

function momentOf(text: string | undefined): Date | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : new Date(time)
}
