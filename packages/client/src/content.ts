import type { Readable } from 'node:stream'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { ParsedManifest } from '@berth/oci/manifest.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'
import type { RepositoryAddress } from './image-reference.ts'
import type { TransferListener } from './transfer.ts'

/** A manifest with its bytes, which were compared with the digest. */
export type ManifestContent = {
  /** `mediaType`, `digest` and `size` of `bytes`. */
  readonly descriptor: Descriptor
  readonly bytes: Buffer
  readonly parsed: ParsedManifest
}

export type ReadBlobOptions = {
  /** First byte wanted; default 0. */
  readonly start?: number | undefined
  /** How many bytes are wanted at most; a source may give more. Default: all. */
  readonly length?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Where images come from: a repository of a registry, an OCI layout, an archive. Everything that is read can be read
 * again; nothing is changed by reading.
 */
export interface ContentSource {
  /** For messages: `ghcr.io/acme/api`, `oci:./out`. */
  readonly name: string
  /** See `ContentTarget.address`. */
  readonly address?: RepositoryAddress | undefined
  /** What the tag or digest points at; `undefined` when there is no such thing here. */
  resolve(reference: Reference, signal?: AbortSignal): Promise<Descriptor | undefined>
  /** Throws `notFound`; `digestMismatch` when the bytes are not those of the digest. At most 4 MiB. */
  readManifest(reference: Reference, signal?: AbortSignal): Promise<ManifestContent>
  /** The bytes from `start` on. Not compared with the digest: who reads them all does that. Throws `notFound`. */
  openBlob(descriptor: Descriptor, options?: ReadBlobOptions): Promise<Readable>
  /** What refers to the digest by `subject`, with `artifactType` and annotations filled in. Nothing when nothing does. */
  listReferrers(digest: Digest, signal?: AbortSignal): AsyncIterable<Descriptor>
  /** In byte order, all pages. */
  listTags(signal?: AbortSignal): AsyncIterable<TagName>
}

export type PutBlobOptions = {
  /** Repositories of the same registry that hold the blob already, the likeliest first. */
  readonly mountFrom?: readonly string[] | undefined
  readonly onTransfer?: TransferListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** How a blob came to be at the target. `resumed`: an earlier, broken-off upload was carried on. */
export type BlobOutcome = 'present' | 'mounted' | 'sent' | 'resumed'

/** Where images go. Whatever a call leaves behind when it throws is invisible to readers, and is taken away. */
export interface ContentTarget {
  readonly name: string
  /** Where in a registry it is: blobs can be mounted from one repository of a registry into another. */
  readonly address?: RepositoryAddress | undefined
  hasManifest(digest: Digest, signal?: AbortSignal): Promise<boolean>
  /**
   * Makes sure that the blob is there. `open` is called only when bytes are needed, with the first byte wanted. The
   * content is compared with the digest before it counts. Called twice for one digest, the second does nothing.
   */
  putBlob(
    descriptor: Descriptor,
    open: (start: number, signal: AbortSignal) => Promise<Readable>,
    options?: PutBlobOptions,
  ): Promise<BlobOutcome>
  /** Stores the bytes as they are, then sets the tags. Everything that the manifest refers to is there already. */
  putManifest(
    content: ManifestContent,
    tags: readonly TagName[],
    signal?: AbortSignal,
  ): Promise<void>
}
