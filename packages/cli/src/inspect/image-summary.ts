import type { ContentSource, ManifestContent } from '@berth/client/content.ts'
import { isClientError } from '@berth/client/client-error.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { type ImageConfig, parseImageConfig } from '@berth/oci/image-config.ts'
import type { ParsedManifest } from '@berth/oci/manifest.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { formatPlatform, isRunnable } from '@berth/oci/platform.ts'
import type { Reference } from '@berth/oci/reference.ts'
import { mapLimited } from '../limited.ts'
import { readSmallBlob } from './small-blob.ts'

/** A manifest as lists show it. */
export type ImageSummary = {
  readonly digest: Digest
  readonly mediaType: string
  readonly parsed: ParsedManifest
  /** The manifest itself, its config and its layers; not what an index leads to. */
  readonly weights: readonly { readonly digest: Digest; readonly size: number }[]
}

export type ImageOverview = {
  /** `linux/amd64`; none for what is no image. */
  readonly platforms: readonly string[]
  /** Compressed, each digest once, with everything that an index leads to and that is there. */
  readonly size: number
  readonly created: Date | undefined
}

const imageConfigs = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])
const childrenMax = 200
const childrenAtOnce = 8
const createdAnnotation = 'org.opencontainers.image.created'

/** Whether a config tells of an image that can be run, rather than of some artifact. */
export function isImageConfig(config: Descriptor | undefined): config is Descriptor {
  return config !== undefined && imageConfigs.has(config.mediaType)
}

/** Builds that are to be reproducible set the date to the beginning of time, which tells nothing. */
export function knownDate(date: Date | undefined): Date | undefined {
  return date === undefined || date.getUTCFullYear() < 1981 ? undefined : date
}

/** What is read from one repository, each digest once. */
export class ImageSummaries {
  readonly #source: ContentSource
  readonly #signal: AbortSignal | undefined
  readonly #manifests = new Map<Digest, Promise<ImageSummary | undefined>>()
  readonly #configs = new Map<Digest, Promise<ImageConfig | undefined>>()

  constructor(source: ContentSource, signal?: AbortSignal) {
    this.#source = source
    this.#signal = signal
  }

  /** `undefined` when there is no such manifest: an index may list platforms that were never copied. */
  async read(reference: Reference): Promise<ImageSummary | undefined> {
    if (reference.kind === 'tag') return this.#read(reference)
    const known = this.#manifests.get(reference.digest)
    if (known !== undefined) return known
    const reading = this.#read(reference)
    this.#manifests.set(reference.digest, reading)
    return reading
  }

  readDigest(digest: Digest): Promise<ImageSummary | undefined> {
    return this.read({ kind: 'digest', digest })
  }

  /** The config of an image; `undefined` for artifacts, and where it is missing or cannot be read. */
  readConfig({ parsed }: ImageSummary): Promise<ImageConfig | undefined> {
    const { config } = parsed
    if (!isImageConfig(config)) return Promise.resolve(undefined)
    const known = this.#configs.get(config.digest)
    if (known !== undefined) return known
    const reading = this.#readConfig(config)
    this.#configs.set(config.digest, reading)
    return reading
  }

  /** When it was made: by its config, of an index by that of its first image, else by its annotation. */
  async readCreated(summary: ImageSummary): Promise<Date | undefined> {
    const { parsed } = summary
    if (parsed.kind === 'index') {
      const first = parsed.manifests.find(({ platform }) => isRunnable(platform))
      const child = first === undefined ? undefined : await this.readDigest(first.digest)
      const made = child?.parsed.kind === 'image' ? await this.readCreated(child) : undefined
      if (made !== undefined) return made
    }
    const config = await this.readConfig(summary)
    return knownDate(config?.created) ?? annotatedDate(parsed.annotations)
  }

  /** Platforms, size and date, with as many requests as that takes. */
  async overview(summary: ImageSummary): Promise<ImageOverview> {
    const { parsed } = summary
    const created = await this.readCreated(summary)
    if (parsed.kind !== 'index') {
      const config = await this.readConfig(summary)
      const platforms = config === undefined ? [] : [formatPlatform(platformOf(config))]
      return { platforms, size: sumOf(summary.weights), created }
    }
    const children = await this.children(summary)
    const platforms = parsed.manifests
      .filter(({ platform }) => platform !== undefined && isRunnable(platform))
      .map(({ platform }) => formatPlatform(platform ?? {}))
    return {
      platforms: [...new Set(platforms)],
      size: sumOf([...summary.weights, ...children.flatMap(({ weights }) => weights)]),
      created,
    }
  }

  /** What an index lists and is there, as far as anybody would make an index long. */
  async children({ parsed }: ImageSummary): Promise<readonly ImageSummary[]> {
    const wanted = parsed.manifests.slice(0, childrenMax)
    const read = await mapLimited(wanted, childrenAtOnce, ({ digest }) => this.readDigest(digest))
    return read.filter((each) => each !== undefined)
  }

  async #read(reference: Reference): Promise<ImageSummary | undefined> {
    try {
      const summary = summarize(await this.#source.readManifest(reference, this.#signal))
      this.#manifests.set(summary.digest, Promise.resolve(summary))
      return summary
    } catch (error) {
      if (isClientError(error, 'notFound')) return undefined
      throw error
    }
  }

  async #readConfig(config: Descriptor): Promise<ImageConfig | undefined> {
    try {
      return parseImageConfig(await readSmallBlob(this.#source, config, this.#signal))
    } catch (error) {
      if (isClientError(error, 'notFound') || error instanceof OciError) return undefined
      throw error
    }
  }
}

export function summarize({ descriptor, parsed }: ManifestContent): ImageSummary {
  const { digest, mediaType } = descriptor
  const { config, layers } = parsed
  const weights = [descriptor, ...(config === undefined ? [] : [config]), ...layers].map(
    (each) => ({
      digest: each.digest,
      size: each.size,
    }),
  )
  return { digest, mediaType, parsed, weights }
}

/** The sum of different things. */
export function sumOf(
  weights: readonly { readonly digest: Digest; readonly size: number }[],
): number {
  const sizes = new Map(weights.map(({ digest, size }) => [digest, size]))
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

export function platformOf({ os, architecture, variant }: ImageConfig): {
  os: string
  architecture: string
  variant?: string
} {
  return {
    os: os ?? 'unknown',
    architecture: architecture ?? 'unknown',
    ...(variant !== undefined && { variant }),
  }
}

function annotatedDate(annotations: Readonly<Record<string, string>>): Date | undefined {
  const time = Date.parse(annotations[createdAnnotation] ?? '')
  return Number.isNaN(time) ? undefined : knownDate(new Date(time))
}
