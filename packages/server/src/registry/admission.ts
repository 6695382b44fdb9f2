import type { Digest } from '@berth/oci/digest.ts'
import type { ParsedManifest } from '@berth/oci/manifest.ts'
import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import type { RepositoryAction, RequestContext } from '../actor.ts'
import type { Transaction } from '../metadata/database.ts'

/** The caller of a write: who, and whether they still may at the moment it is committed. */
export interface Permit extends RequestContext {
  /**
   * Throws `denied` unless the caller may do this in this very transaction, whatever was true when the request came in.
   * Holds until the transaction ends: nobody can take the right away in between.
   */
  require(tx: Transaction, action: RepositoryAction, repository: RepositoryName): Promise<void>
}

/** A repository as rules see it. */
export type PlacedRepository = {
  readonly id: number
  readonly name: RepositoryName
  readonly projectId: number
}

/** A manifest that is about to be stored, and the tags that are about to point at it. */
export type ManifestPush = {
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly manifest: ParsedManifest
  readonly tags: readonly TagName[]
  readonly context: RequestContext
}

/** What happened to a repository, for those who keep books of it. Told in the transaction in which it happens. */
export type RegistryEvent =
  | { kind: 'repositoryCreated' | 'repositoryRemoved'; repository: PlacedRepository }
  | {
      kind: 'manifestPushed'
      repository: PlacedRepository
      digest: Digest
      mediaType: string
      size: number
      /** JSON text, or `undefined` when the manifest has none. */
      annotations: string | undefined
      /** As the referrers list has it: the manifest's own, else the media type of its config. */
      artifactType: string | undefined
      /** The manifest that this one is about. */
      subject: Digest | undefined
      /** `false`: the same manifest was there before. */
      isNew: boolean
    }
  | {
      kind: 'manifestDeleted'
      repository: PlacedRepository
      digest: string
      size: number
      tags: readonly string[]
    }
  | {
      kind: 'tagCreated' | 'tagMoved' | 'tagDeleted'
      repository: PlacedRepository
      tag: TagName
      before: string | undefined
      after: string | undefined
    }
  | {
      kind: 'blobLinked' | 'blobUnlinked'
      repository: PlacedRepository
      digest: string
      size: number
    }

/** By how many bytes a repository holds more than before, negative for less: a blob and a manifest count once for each. */
export function heldBytes(event: RegistryEvent): number {
  switch (event.kind) {
    case 'blobLinked':
      return event.size
    case 'manifestPushed':
      return event.isNew ? event.size : 0
    case 'blobUnlinked':
    case 'manifestDeleted':
      return -event.size
    case 'repositoryCreated':
    case 'repositoryRemoved':
    case 'tagCreated':
    case 'tagMoved':
    case 'tagDeleted':
      return 0
  }
}

/**
 * The rules that stand before a write, and those who are told of it: quotas, immutable tags, the audit log, the search
 * index. The registry knows none of them. Every method runs in the transaction of the write unless it says otherwise; a
 * throw rolls the write back.
 */
export interface Admission {
  /**
   * Before any byte of an upload is read, outside a transaction. `bytes` is what it will store, when the client says so.
   * Throws `quotaExceeded`. It may let pass what `record` refuses later.
   */
  admitUpload(repository: RepositoryName, bytes: number | undefined): Promise<void>
  /**
   * Before a manifest is stored, outside a transaction: what it refers to may be missing still, and nothing is known of
   * rights that were taken away just now. Returns what to warn the client of. Throws `policyDenied`.
   */
  admitManifest(push: ManifestPush): Promise<readonly string[]>
  /** The project that a new repository belongs to, which it may create. Throws `denied`. */
  placeRepository(tx: Transaction, permit: Permit, repository: RepositoryName): Promise<number>
  /** Before a tag is set or removed; `before` is `undefined` for a new one. Throws `tagImmutable`, which names the rule. */
  admitTag(
    tx: Transaction,
    repository: PlacedRepository,
    tag: TagName,
    change: { before: string | undefined; after: string | undefined },
  ): Promise<void>
  /** After each write. `context` is of the caller, or of collection. Throws `quotaExceeded` when this is what goes beyond. */
  record(tx: Transaction, context: RequestContext, event: RegistryEvent): Promise<void>
}
