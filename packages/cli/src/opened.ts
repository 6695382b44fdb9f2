import type { ContentSource, ContentTarget } from '@berth/client/content.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'

/** A place that is read from. */
export type OpenedSource = {
  readonly source: ContentSource
  /** The image that was named; without a name, `latest` of a repository and the only image of anything else. */
  readonly reference: Reference
  /** Takes away what was put on this machine's disk for reading. To be called in any case. */
  close(): Promise<void>
}

/** A place that is written to. Either `finish` or `abort` has to be called. */
export type OpenedTarget = {
  readonly target: ContentTarget
  /** To be given to `putManifest` for the image that was named; none when it was named by digest alone. */
  readonly tags: readonly TagName[]
  /** Makes it count: an archive gets its end and its name, an engine takes the image in. */
  finish(): Promise<void>
  /** Leaves nothing behind; a folder keeps broken-off blobs for the next run. Throws nothing. */
  abort(): Promise<void>
}
