import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { ImageConfig } from '@berth/oci/image-config.ts'
import {
  formatPlatform,
  isRunnable,
  matchesPlatform,
  type TargetPlatform,
} from '@berth/oci/platform.ts'
import type { Reference } from '@berth/oci/reference.ts'
import { attestedDigest } from './attachment-kinds.ts'
import { choosePlatform } from './choose-platform.ts'
import { matchHistory } from './history.ts'
import type { ImageReport, PlatformImage, PlatformReport, SharedLayer } from './image-report.ts'
import {
  ImageSummaries,
  type ImageSummary,
  isImageConfig,
  knownDate,
  platformOf,
  sumOf,
} from './image-summary.ts'
import { readAttachments } from './read-attachments.ts'
import { maskAssignments, readVariable } from './secrets.ts'

export type InspectOptions = {
  /** For messages and the report: the image as one would write it. */
  readonly name: string
  readonly platform: TargetPlatform | undefined
  readonly signal: AbortSignal
}

/** Reads all that is known of an image. Throws `notFound`, `platformMissing`. `fault`: what could not be asked for. */
export async function readReport(
  source: ContentSource,
  reference: Reference,
  { name, platform, signal }: InspectOptions,
): Promise<{ report: ImageReport; fault: string | undefined }> {
  const summaries = new ImageSummaries(source, signal)
  const summary = await summaries.read(reference)
  if (summary === undefined) throw new ClientError('notFound', `${name} does not exist.`)
  const { parsed } = summary
  const children = await summaries.children(summary)
  const chosen =
    parsed.kind === 'index' ? await readChosen(summaries, summary, { name, platform }) : summary
  const { found, fault } = await readAttachments(source, summary, {
    summaries,
    chosen: chosen?.digest,
    signal,
  })
  const config = chosen === undefined ? undefined : await summaries.readConfig(chosen)
  if (parsed.kind === 'image' && config !== undefined) requirePlatform(config, platform, name)
  const ownPlatform = config === undefined ? undefined : formatPlatform(platformOf(config))
  const platforms =
    parsed.kind === 'index'
      ? platformsOf(summary, children)
      : ownPlatform === undefined
        ? []
        : [toPlatform(ownPlatform, summary, summary)]
  const report: ImageReport = {
    reference: name,
    digest: summary.digest,
    mediaType: summary.mediaType,
    kind: kindOf(summary),
    artifactType:
      parsed.kind === 'image' && isImageConfig(parsed.config)
        ? null
        : (parsed.artifactType ?? null),
    subject: parsed.subject?.digest ?? null,
    created: (await summaries.readCreated(summary))?.toISOString() ?? null,
    size: sumOf([...summary.weights, ...children.flatMap(({ weights }) => weights)]),
    annotations: parsed.annotations,
    platforms,
    sharedLayers: sharedLayers(parsed.manifests, children),
    attachments: found,
    image: chosen === undefined || config === undefined ? null : toImage(chosen, config),
  }
  return { report, fault }
}

/** The manifest of one platform: what `--raw` and `--config` are about with `--platform`. Throws `platformMissing`. */
export async function readChosen(
  summaries: ImageSummaries,
  summary: ImageSummary,
  { name, platform }: { name: string; platform: TargetPlatform | undefined },
): Promise<ImageSummary | undefined> {
  const entry = choosePlatform(summary.parsed, platform, name)
  if (entry === undefined) return undefined
  const chosen = await summaries.readDigest(entry.digest)
  if (chosen !== undefined || platform === undefined) return chosen
  throw new ClientError(
    'platformMissing',
    `${name} lists ${formatPlatform(platform)}, but the image of it is not there.`,
  )
}

function requirePlatform(
  config: ImageConfig,
  wanted: TargetPlatform | undefined,
  name: string,
): void {
  const own = platformOf(config)
  if (wanted === undefined || matchesPlatform(own, wanted)) return
  throw new ClientError('platformMissing', `${name} is not there for ${formatPlatform(wanted)}.`, {
    next: `It is an image for ${formatPlatform(own)}.`,
  })
}

function kindOf({ parsed }: ImageSummary): ImageReport['kind'] {
  if (parsed.kind === 'opaque') return 'unknown'
  if (parsed.kind === 'index') return 'index'
  return isImageConfig(parsed.config) ? 'image' : 'artifact'
}

function platformsOf(
  { parsed }: ImageSummary,
  children: readonly ImageSummary[],
): PlatformReport[] {
  const byDigest = new Map(children.map((child) => [child.digest, child]))
  return parsed.manifests
    .filter((entry) => isRunnable(entry.platform) && attestedDigest(entry) === undefined)
    .map((entry) =>
      toPlatform(
        entry.platform === undefined ? '-' : formatPlatform(entry.platform),
        entry,
        byDigest.get(entry.digest),
      ),
    )
}

function toPlatform(
  platform: string,
  { digest, mediaType }: { digest: Digest; mediaType: string },
  there: ImageSummary | undefined,
): PlatformReport {
  return {
    platform,
    digest,
    mediaType,
    size: there === undefined ? null : sumOf(there.weights),
    layers: there?.parsed.layers.length ?? null,
  }
}

function sharedLayers(
  entries: readonly Descriptor[],
  children: readonly ImageSummary[],
): SharedLayer[] {
  const platforms = new Map(entries.map(({ digest, platform }) => [digest, platform]))
  const layers = new Map<Digest, { size: number; platforms: Set<string> }>()
  for (const { digest, parsed } of children) {
    const platform = platforms.get(digest)
    if (!isRunnable(platform)) continue
    for (const layer of parsed.layers) {
      const known = layers.get(layer.digest) ?? { size: layer.size, platforms: new Set() }
      known.platforms.add(platform === undefined ? digest : formatPlatform(platform))
      layers.set(layer.digest, known)
    }
  }
  return [...layers]
    .filter(([, each]) => each.platforms.size > 1)
    .map(([digest, each]) => ({ digest, size: each.size, platforms: [...each.platforms] }))
}

function toImage({ digest, parsed }: ImageSummary, config: ImageConfig): PlatformImage {
  const { steps, isComplete } = matchHistory(parsed.layers, config.history)
  const masked = steps.map((step) => ({ ...step, instruction: maskAssignments(step.instruction) }))
  const instructions = new Map<Descriptor, string>()
  for (const { layer, instruction } of masked) {
    if (layer !== undefined) instructions.set(layer, instruction)
  }
  return {
    platform: formatPlatform(platformOf(config)),
    digest,
    created: knownDate(config.created)?.toISOString() ?? null,
    author: config.author ?? null,
    user: config.user ?? null,
    workingDirectory: config.workingDirectory ?? null,
    entrypoint: config.entrypoint,
    command: config.command,
    environment: config.environment.map(readVariable),
    exposedPorts: config.exposedPorts,
    volumes: config.volumes,
    stopSignal: config.stopSignal ?? null,
    labels: config.labels,
    layers: parsed.layers.map((layer) => ({
      digest: layer.digest,
      mediaType: layer.mediaType,
      size: layer.size,
      instruction: instructions.get(layer) || null,
    })),
    history: masked.map(({ instruction, layer }) => ({
      instruction,
      layer: layer?.digest ?? null,
      size: layer?.size ?? null,
    })),
    isHistoryComplete: isComplete,
  }
}
