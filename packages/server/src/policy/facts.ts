import type { PackageKind } from '@berth/scanner/package.ts'

/** When a policy is asked. */
export type Stage = 'push' | 'pull' | 'promotion'

/**
 * What is known of a manifest in a repository: all that a policy looks at, read beforehand. Times are ISO 8601.
 */
export type Facts = {
  readonly digest: string
  /** `attachment`: a signature, an SBOM or an attestation of something else. */
  readonly kind: 'image' | 'index' | 'artifact' | 'attachment'
  /** Those that point at it, or at an index that holds it. */
  readonly tags: readonly string[]
  /** Digests of the indexes in the repository that hold it. */
  readonly parents: readonly string[]
  /** Of an index those in it; else itself. */
  readonly images: readonly ImageFacts[]
  /** Verified ones on the manifest, on its parents and on its images. */
  readonly signatures: readonly SignatureFacts[]
  readonly sboms: readonly { readonly format: 'spdx' | 'cyclonedx'; readonly on: string }[]
  readonly statements: readonly StatementFacts[]
  /** Why not all of it could be looked at; completes the sentence "It ...". */
  readonly unjudged: string | undefined
  /** An index that holds indexes: a change of what they hold is not seen at once. */
  readonly isNested: boolean
}

export type ImageFacts = {
  readonly digest: string
  /** Neither a chart nor a model, but something that a container runs from. */
  readonly isImage: boolean
  /** `linux/arm64/v8`; `undefined` when nothing says so. */
  readonly platform: string | undefined
  /** Stored bytes of configuration and layers, as the manifest says. */
  readonly size: number
  readonly layers: number
  readonly config: ConfigFacts
  readonly scan: ScanFacts
  /** Read only for rules that look at them. */
  readonly findings: readonly FindingFacts[]
  readonly packages: readonly PackageFacts[]
}

/** From the configuration of an image and the annotations of its manifest. */
export type ConfigFacts = {
  /** Why there is none; completes the sentence "The configuration ...". */
  readonly unreadable: string | undefined
  readonly user: string
  readonly createdAt: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly baseName: string | undefined
}

type ScanFacts = {
  /** `none`: nobody ever asked for one. */
  readonly state: 'none' | 'waiting' | 'catalogued' | 'failed' | 'unsupported'
  readonly reason: string | undefined
  /** `undefined` until it was matched with advisories. */
  readonly matchedAt: string | undefined
  readonly dataBuiltAt: string | undefined
  /** 0: there were no advisories. */
  readonly dataRevision: number
}

export type FindingFacts = {
  readonly vulnerability: string
  /** `kind:name`. */
  readonly package: string
  readonly version: string
  readonly severity: 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'
  /** 0 to 10; 0 when there is none. */
  readonly score: number
  readonly fixedVersion: string | undefined
  readonly fixAvailableAt: string | undefined
  /** ISO day; `undefined` when nobody says that it is exploited. */
  readonly knownExploited: string | undefined
  /** In this repository; `undefined` until it was tracked. */
  readonly firstSeenAt: string | undefined
}

export type PackageFacts = {
  readonly kind: PackageKind
  readonly name: string
  readonly version: string
  readonly licences: readonly string[]
}

export type SignatureFacts = {
  readonly identity: string
  /** The projects above the repository that have an identity of this name. */
  readonly projects: readonly string[]
  readonly what: 'signature' | 'attestation'
  readonly predicateType: string
  /** Digest of what was signed. */
  readonly on: string
}

/** What somebody says of a vulnerability (VEX). */
export type StatementFacts = {
  readonly id: string
  readonly project: string
  /** Empty: any. */
  readonly imageDigest: string
  readonly vulnerability: string
  /** `kind:name`, with `@version` for one version, or empty for any. */
  readonly package: string
  readonly status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation'
  readonly author: string
  readonly reason: string
  readonly createdAt: string
}
