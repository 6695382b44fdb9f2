import type { VexJudgement } from '../finding.ts'

/** What a statement is about: an image (by digest or package URL), or a package wherever it lies. */
export type VexProduct = {
  /** `pkg:oci/app@sha256:…?repository_url=…`, or a package's own. */
  readonly purl?: string
  /** `sha256:…` of a manifest. */
  readonly digest?: string
  /** Package URLs inside the product; empty: all of it. */
  readonly subcomponents: readonly string[]
}

/** What somebody says of one vulnerability in products. */
export type VexStatement = {
  readonly vulnerability: string
  readonly aliases: readonly string[]
  readonly products: readonly VexProduct[]
  readonly status: VexJudgement['status']
  /** A word of the format that it came in. */
  readonly justification?: string
  /** Why, or what to do, for people. */
  readonly statement?: string
  readonly author: string
  /** ISO moment from which it holds. */
  readonly timestamp: string
  /** `openvex`, `cyclonedx`, `berth`. */
  readonly source: string
}
