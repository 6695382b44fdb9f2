import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource, ManifestContent } from '@berth/client/content.ts'
import { copyImage } from '@berth/client/copy/copy-image.ts'
import { CopySession } from '@berth/client/copy/copy-session.ts'
import { formatRepositoryAddress, type ImageReference } from '@berth/client/image-reference.ts'
import type { TransferListener } from '@berth/client/transfer.ts'
import { digestEncoded } from '@berth/oci/digest.ts'
import { formatPlatform, type TargetPlatform } from '@berth/oci/platform.ts'
import type { Reference } from '@berth/oci/reference.ts'
import type { CommandContext } from '../context.ts'
import { parsePlatformOption, requireOnePlatform } from '../copy/platforms.ts'
import type { Engine, EngineImage } from '../engines/engine.ts'
import { formatLocation } from '../location.ts'
import { referenceOf } from '../image-argument.ts'
import { ParallelSource } from './parallel-source.ts'
import { openPlace, type PullPlace, tagAtPlace } from './pull-place.ts'

export type PullRequest = {
  readonly reference: ImageReference
  readonly place: PullPlace
  /** None: that of the engine or of this machine. */
  readonly platform: TargetPlatform | undefined
  /** All platforms, for places that have room for them. */
  readonly isComplete: boolean
  /** Connections at a time. */
  readonly parallel: number
}

/** One image as it was pulled; fields of the JSON result. */
export type PulledImage = {
  /** `127.0.0.1:5000/acme/api:1.4`: what it is called from now on. */
  readonly name: string
  /** What the registry's tag points at: the index where there is one. */
  readonly digest: string
  /** Of the image that was taken out of it; the same as `digest` when everything was taken. */
  readonly manifestDigest: string
  readonly platform: string | undefined
  readonly to: string
  /** `present`: it was there already, and nothing was moved. */
  readonly outcome: 'pulled' | 'present'
  /** Bytes of the blobs that were moved. */
  readonly bytes: number
  readonly milliseconds: number
}

/**
 * Brings one image from a registry to an engine, a folder or an archive; every byte is compared with its digest on the
 * way. Afterwards an engine is asked what it has got. Throws `notFound`, `platformMissing`, `digestMismatch` and more.
 */
export async function pullImage(
  request: PullRequest,
  context: CommandContext,
  onTransfer: TransferListener,
): Promise<PulledImage> {
  const start = performance.now()
  const { reference, place, parallel } = request
  const { signal } = context
  const repository = (await context.client()).repository(reference)
  const source = new ParallelSource(repository, parallel)
  // Asked once: what the tag points at must not change between two steps.
  const top = await source.readManifest(referenceOf(reference), signal)
  const pinned: Reference = { kind: 'digest', digest: top.descriptor.digest }
  const platform = await platformOf(request, source, pinned, signal)
  const content = await onlyPlatform(top, platform, source, signal)
  const about = {
    name: `${formatRepositoryAddress(reference)}:${tagAtPlace(reference)}`,
    digest: top.descriptor.digest,
    manifestDigest: content.descriptor.digest,
    platform: platform && formatPlatform(platform),
    to: place.kind === 'engine' ? place.engine.name : formatLocation(place.location),
  }
  const took = (): number => Math.round(performance.now() - start)
  if (place.kind === 'engine') {
    const there = await place.engine.findImage(about.name, signal)
    if (there !== undefined && isImage(there, content)) {
      return { ...about, outcome: 'present', bytes: 0, milliseconds: took() }
    }
  }
  const session = new CopySession({ onTransfer, signal, blobsAtOnce: parallel })
  const target = await openPlace(place, reference, context)
  try {
    await copyImage(
      source,
      target.target,
      {
        reference: { kind: 'digest', digest: content.descriptor.digest },
        tags: target.tags,
        referrers: false,
      },
      session,
    )
    await target.finish()
  } catch (error) {
    await target.abort()
    throw error
  }
  if (place.kind === 'engine') await requireArrived(place.engine, about.name, content, signal)
  return {
    ...about,
    outcome: session.counts.manifests.sent === 0 ? 'present' : 'pulled',
    bytes: session.counts.bytesSent,
    milliseconds: took(),
  }
}

/** `undefined`: all of them. */
async function platformOf(
  { place, platform, isComplete }: PullRequest,
  source: ContentSource,
  reference: Reference,
  signal: AbortSignal,
): Promise<TargetPlatform | undefined> {
  if (isComplete) return undefined
  const own = place.kind === 'engine' ? parsePlatformOption(place.engine.platform) : undefined
  const asked = platform ?? own
  const opened = { source, reference, close: async () => {} }
  return requireOnePlatform(opened, asked === undefined ? [] : [asked], signal)
}

async function onlyPlatform(
  top: ManifestContent,
  platform: TargetPlatform | undefined,
  source: ContentSource,
  signal: AbortSignal,
): Promise<ManifestContent> {
  if (platform === undefined || top.parsed.kind !== 'index') return top
  const { matchesPlatform } = await import('@berth/oci/platform.ts')
  const entry = top.parsed.manifests.find((each) => matchesPlatform(each.platform, platform))
  if (entry === undefined) {
    throw new ClientError(
      'platformMissing',
      `${source.name} is not there for ${formatPlatform(platform)}.`,
    )
  }
  return source.readManifest({ kind: 'digest', digest: entry.digest }, signal)
}

/** Engines call an image by the digest of its config, which stands for all of its content; containerd by its manifest's. */
function isImage(image: EngineImage, { descriptor, parsed }: ManifestContent): boolean {
  const config = parsed.config === undefined ? '' : digestEncoded(parsed.config.digest)
  const id = image.id.replace(/^sha256:/, '')
  return (id.length >= 12 && config.startsWith(id)) || image.digest === descriptor.digest
}

async function requireArrived(
  engine: Engine,
  name: string,
  content: ManifestContent,
  signal: AbortSignal,
): Promise<void> {
  const image = await engine.findImage(name, signal)
  if (image === undefined) {
    throw new ClientError('toolFailed', `${engine.name} took the image and does not know ${name}.`)
  }
  if (isImage(image, content)) return
  throw new ClientError(
    'digestMismatch',
    `${name} in ${engine.name} is ${image.digest ?? image.id}, not ${content.descriptor.digest}.`,
    { next: 'Somebody may have given the name to another image meanwhile. Pull it again.' },
  )
}
