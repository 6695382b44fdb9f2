import type { Digest } from '@berth/oci/digest.ts'

/** What `berth inspect --json` prints. Sizes are in bytes, compressed. `null`: there is none, or nobody knows. */
export type ImageReport = {
  readonly reference: string
  readonly digest: Digest
  readonly mediaType: string
  readonly kind: 'image' | 'index' | 'artifact' | 'unknown'
  readonly artifactType: string | null
  /** What it is about, for signatures and the like. */
  readonly subject: Digest | null
  readonly created: string | null
  /** Everything it leads to and that is there, each digest once. */
  readonly size: number
  readonly annotations: Readonly<Record<string, string>>
  readonly platforms: readonly PlatformReport[]
  /** Layers that more than one platform has. */
  readonly sharedLayers: readonly SharedLayer[]
  readonly attachments: readonly AttachmentReport[]
  /** The image of the platform that was asked for, or of this machine's, or the first one. */
  readonly image: PlatformImage | null
}

export type PlatformReport = {
  readonly platform: string
  readonly digest: Digest
  readonly mediaType: string
  /** `null` when the index lists it and it is not there. */
  readonly size: number | null
  readonly layers: number | null
}

export type SharedLayer = {
  readonly digest: Digest
  readonly size: number
  readonly platforms: readonly string[]
}

/** Something that is about the image: a signature, a bill of materials, an attestation. */
export type AttachmentReport = {
  readonly kind: string
  readonly digest: Digest
  readonly artifactType: string | null
  readonly size: number
  /** The digest that it is about. */
  readonly about: string
  /** How it was found: in the list of referrers, in the index (BuildKit), or under a tag (cosign 2). */
  readonly found: 'referrers' | 'index' | 'tag'
}

export type PlatformImage = {
  readonly platform: string
  readonly digest: Digest
  readonly created: string | null
  readonly author: string | null
  readonly user: string | null
  readonly workingDirectory: string | null
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  /** Values that look like secrets are masked; `--config` has them. */
  readonly environment: readonly {
    readonly name: string
    readonly value: string
    readonly isMasked: boolean
  }[]
  readonly exposedPorts: readonly string[]
  readonly volumes: readonly string[]
  readonly stopSignal: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly layers: readonly LayerReport[]
  /** Every step, also those that made no layer. */
  readonly history: readonly StepReport[]
  /** Whether each layer could be told from the step that made it. */
  readonly isHistoryComplete: boolean
}

export type LayerReport = {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  readonly instruction: string | null
}

export type StepReport = {
  readonly instruction: string
  readonly layer: Digest | null
  readonly size: number | null
}
