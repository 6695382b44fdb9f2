import { createHash } from 'node:crypto'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, parseDigest } from '@berth/oci/digest.ts'
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { parseRepositoryName, parseTagName, type TagName } from '@berth/oci/reference.ts'
import type {
  ImageFacts,
  ManifestDates,
  ManifestFacts,
  RegistryContents,
  RepositoryContents,
} from '../contents.ts'

/** A digest that stands for a word in tests. */
export function digestOf(word: string): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(word).digest('hex')}`)
}

export type LayerSketch = {
  /** What it holds; the blob is named after it too, unless `blob` says otherwise. */
  readonly content: string
  readonly blob?: string
  readonly size: number
}

export type ImageSketch = Partial<Omit<ImageFacts, 'diffIds'>> & {
  /** Whatever makes its manifest another one. */
  readonly id: string
  readonly layers: readonly LayerSketch[]
  readonly annotations?: Readonly<Record<string, string>>
  /** Makes the configuration another one; the id without it. */
  readonly config?: string
  readonly manifestSize?: number
  readonly configSize?: number
  readonly subject?: string
}

/** Puts together what a registry would hold, for tests of the analysis. */
export class ContentsBuilder {
  readonly #manifests = new Map<Digest, ManifestFacts>()
  readonly #repositories = new Map<
    string,
    { tags: Map<TagName, Digest>; manifests: Set<Digest>; dates: Map<Digest, ManifestDates> }
  >()

  image(sketch: ImageSketch): Digest {
    const { id, layers, annotations = {}, config = id, manifestSize = 0, configSize = 0 } = sketch
    const digest = digestOf(`manifest ${id}`)
    this.#manifests.set(digest, {
      digest,
      size: manifestSize,
      mediaType: OCI_IMAGE_MANIFEST,
      kind: 'image',
      artifactType: undefined,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(`config ${config}`),
        size: configSize,
      },
      layers: layers.map(({ content, blob = content, size }) => layer(blob, size)),
      children: [],
      subject: sketch.subject === undefined ? undefined : digestOf(`manifest ${sketch.subject}`),
      annotations,
      image: {
        created: sketch.created,
        os: sketch.os ?? 'linux',
        architecture: sketch.architecture ?? 'amd64',
        variant: sketch.variant,
        environment: sketch.environment ?? [],
        labels: sketch.labels ?? {},
        steps: sketch.steps ?? [],
        diffIds: layers.map(({ content }) => digestOf(`content ${content}`)),
      },
    })
    return digest
  }

  index(id: string, children: readonly Digest[], size = 0): Digest {
    const digest = digestOf(`manifest ${id}`)
    this.#manifests.set(digest, {
      digest,
      size,
      mediaType: OCI_IMAGE_INDEX,
      kind: 'index',
      artifactType: undefined,
      config: undefined,
      layers: [],
      children: children.map((child) => ({
        mediaType: OCI_IMAGE_MANIFEST,
        digest: child,
        size: 0,
      })),
      subject: undefined,
      annotations: {},
      image: undefined,
    })
    return digest
  }

  /** Puts a manifest, and the children of an index, into a repository. Without tags it is there untagged. */
  put(
    repository: string,
    digest: Digest,
    tags: readonly string[] = [],
    dates?: ManifestDates,
  ): this {
    const into = this.#repositories.get(repository) ?? {
      tags: new Map(),
      manifests: new Set(),
      dates: new Map(),
    }
    this.#repositories.set(repository, into)
    into.manifests.add(digest)
    for (const child of this.#manifests.get(digest)?.children ?? [])
      into.manifests.add(child.digest)
    for (const tag of tags) into.tags.set(parseTagName(tag), digest)
    if (dates !== undefined) into.dates.set(digest, dates)
    return this
  }

  build(): RegistryContents {
    const held = new Set(
      [...this.#repositories.values()].flatMap(({ manifests }) => [...manifests]),
    )
    return {
      registry: 'registry.example.com',
      kind: 'distribution',
      isWhole: true,
      hasUntagged: true,
      repositories: [...this.#repositories].map(
        ([name, contents]): RepositoryContents => ({
          name: parseRepositoryName(name),
          ...contents,
        }),
      ),
      manifests: new Map([...this.#manifests].filter(([digest]) => held.has(digest))),
      quotas: [],
      problems: [],
    }
  }
}

function layer(blob: string, size: number): Descriptor {
  return {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digestOf(`blob ${blob}`),
    size,
  }
}
