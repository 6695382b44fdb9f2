import type { KindName, Quota } from '@berth/client/kinds/kind.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { ImageConfig } from '@berth/oci/image-config.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'

/** Of a configuration what the analysis asks for. */
export type ImageFacts = Pick<
  ImageConfig,
  'created' | 'os' | 'architecture' | 'variant' | 'environment' | 'labels' | 'diffIds'
> & {
  /** What each step of its making ran, the oldest first, each cut to a few hundred characters. */
  readonly steps: readonly string[]
}

/** One distinct manifest, however many repositories hold it and tags name it. */
export type ManifestFacts = {
  readonly digest: Digest
  /** Bytes of the manifest itself. */
  readonly size: number
  readonly mediaType: string
  /** `artifact`: whatever does not run, such as a chart, a model, a signature or an attestation. */
  readonly kind: 'image' | 'index' | 'artifact'
  readonly artifactType: string | undefined
  readonly config: Descriptor | undefined
  readonly layers: readonly Descriptor[]
  /** Of an index. */
  readonly children: readonly Descriptor[]
  readonly subject: Digest | undefined
  readonly annotations: Readonly<Record<string, string>>
  /** Of an image whose configuration could be read. */
  readonly image: ImageFacts | undefined
}

export type ManifestDates = {
  readonly pushedAt: Date | undefined
  readonly lastPulledAt: Date | undefined
}

export type RepositoryContents = {
  readonly name: RepositoryName
  readonly tags: ReadonlyMap<TagName, Digest>
  /** Every manifest that was found here: tagged, in an index, and untagged where the registry lists those. */
  readonly manifests: ReadonlySet<Digest>
  readonly dates: ReadonlyMap<Digest, ManifestDates>
}

/** What was read of one registry. */
export type RegistryContents = {
  readonly registry: string
  readonly kind: KindName
  /** Whether all of the registry that the caller may see was looked at, and nothing was cut. */
  readonly isWhole: boolean
  /** Whether manifests without a tag are among it. */
  readonly hasUntagged: boolean
  readonly repositories: readonly RepositoryContents[]
  readonly manifests: ReadonlyMap<Digest, ManifestFacts>
  readonly quotas: readonly Quota[]
  /** What could not be read, or was left out, in whole sentences. */
  readonly problems: readonly string[]
}
