import { type Digest, digestAlgorithm, makeDigest } from '@berth/oci/digest.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import type { Reference, RepositoryName, TagName } from '@berth/oci/reference.ts'
import { createHash } from 'node:crypto'
import type { RequestContext } from '../actor.ts'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import {
  type ManifestReads,
  deleteManifest,
  insertManifest,
  lockManifest,
  prepareManifestReads,
} from '../metadata/manifests.ts'
import type { VerdictRow } from '../metadata/policy-verdicts.ts'
import { referrerDigests } from '../metadata/referrers.ts'
import {
  type RepositoryReads,
  findRepository,
  prepareRepositoryReads,
} from '../metadata/repositories.ts'
import { type Review, requestReviews, withdrawReview } from '../metadata/reviews.ts'
import { claimTag, deleteTag, lockTag, lockTagsOf, moveTag } from '../metadata/tags.ts'
import type { Admission, Permit, PlacedRepository } from './admission.ts'
import { ensureRepository } from './ensure-repository.ts'
import type { Grace } from './grace.ts'
import { checkContents, digestsIn } from './manifest-contents.ts'

type Settings = { allowSparseManifests: boolean; untagged: Config['collection']['untagged'] }

type Push = {
  repository: RepositoryName
  permit: Permit
  reference: Reference
  /** Further tags, for a push by digest. */
  tags: readonly TagName[]
  contentType: string | undefined
  payload: Buffer
}

export type StoredManifest = {
  digest: Digest
  mediaType: string
  size: number
  payload: Buffer
  /** What the policies said of it, read together with it. */
  verdict: VerdictRow
}

/** Referrers of one deleted subject that collection looks at; any beyond stay until they are deleted. */
const referrersReviewed = 10_000

/** Manifests and the tags that point at them. Payloads are kept byte for byte. */
export class Manifests {
  readonly #database: Database
  readonly #grace: Grace
  readonly #admission: Admission
  readonly #settings: Settings
  readonly #reads: ManifestReads
  readonly #repositories: RepositoryReads

  constructor(parts: {
    database: Database
    grace: Grace
    admission: Admission
    settings: Settings
  }) {
    this.#database = parts.database
    this.#grace = parts.grace
    this.#admission = parts.admission
    this.#settings = parts.settings
    this.#reads = prepareManifestReads(parts.database)
    this.#repositories = prepareRepositoryReads(parts.database)
  }

  /** One indexed read. Throws `manifestUnknown`, or `nameUnknown` when there is no such repository. */
  async getManifest(repository: RepositoryName, reference: Reference): Promise<StoredManifest> {
    const row = await (reference.kind === 'tag'
      ? this.#reads.byTag.first({ repository, tag: reference.tag })
      : this.#reads.byDigest.first({ repository, digest: reference.digest }))
    if (!row) throw await this.#unknown(repository, reference)
    if (row.damage !== null) {
      throw new BerthError(
        'manifestUnknown',
        `The stored copy of the manifest ${row.digest} ${row.damage} and is not served. Push it again to restore it.`,
        { details: [{ digest: row.digest }] },
      )
    }
    const { payload } = row
    return {
      digest: row.digest,
      mediaType: row.media_type,
      size: row.size,
      payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      verdict: row,
    }
  }

  /**
   * Stores a manifest and points its tags at it, all or nothing; on disk when this returns.
   * Everything it refers to must be in this repository (spec "Pushing Manifests"), apart from the subject and foreign layers.
   * Throws `manifestInvalid`, `manifestBlobUnknown` (a detail for each missing digest), `digestMismatch`, `denied`, `policyDenied`, and
   * what the rules refuse.
   */
  async putManifest(put: Push): Promise<{
    digest: Digest
    subject: Digest | undefined
    tags: TagName[]
    warnings: string[]
  }> {
    const manifest = parseManifest(put.payload, put.contentType)
    const digest = digestOf(put.payload, put.reference)
    const tags = [...new Set(put.reference.kind === 'tag' ? [put.reference.tag] : put.tags)]
    const { repository, permit: context } = put
    const noted = await this.#admission.admitManifest({
      repository,
      digest,
      manifest,
      tags,
      context,
    })
    const warnings = await this.#database.transaction((tx) =>
      this.#store(tx, put, manifest, digest, tags),
    )
    return { digest, subject: manifest.subject?.digest, tags, warnings: [...noted, ...warnings] }
  }

  /**
   * By tag: removes that tag only. By digest: removes the manifest and every tag that points at it.
   * Throws `manifestUnknown`, `nameUnknown`, `denied`, `tagImmutable`.
   */
  async deleteManifest(
    repository: RepositoryName,
    reference: Reference,
    permit: Permit,
  ): Promise<void> {
    const deleted = await this.#database.transaction(async (tx) => {
      await permit.require(tx, reference.kind === 'tag' ? 'deleteTag' : 'delete', repository)
      const found = await findRepository(tx, repository)
      if (!found) return false
      return reference.kind === 'tag'
        ? this.#deleteTag(tx, found, reference.tag, permit)
        : this.#deleteTagged(tx, found, reference.digest, permit)
    })
    if (!deleted) throw await this.#unknown(repository, reference)
  }

  /**
   * Removes a manifest that no tag points at inside the caller's transaction and asks collection to look at all it held.
   * `false` when absent.
   */
  async removeManifest(
    tx: Transaction,
    repository: PlacedRepository,
    digest: string,
    context: RequestContext,
  ): Promise<boolean> {
    const manifest = await lockManifest(tx, repository.id, digest)
    if (!manifest) return false
    await this.#remove(tx, repository, manifest, [], context)
    return true
  }

  async #deleteTag(
    tx: Transaction,
    repository: PlacedRepository,
    tag: TagName,
    permit: Permit,
  ): Promise<boolean> {
    const before = await lockTag(tx, repository.id, tag)
    if (before === undefined) return false
    await this.#dropTag(tx, repository, tag, before, permit)
    await this.#reviewUntagged(tx, repository.id, [before])
    return true
  }

  /** By digest, so the tags on the manifest fall with it: each as if it were deleted alone. */
  async #deleteTagged(
    tx: Transaction,
    repository: PlacedRepository,
    digest: Digest,
    permit: Permit,
  ): Promise<boolean> {
    const manifest = await lockManifest(tx, repository.id, digest)
    if (!manifest) return false
    const tags = await lockTagsOf(tx, repository.id, digest)
    if (tags.length > 0) await permit.require(tx, 'deleteTag', repository.name)
    for (const tag of tags) await this.#dropTag(tx, repository, tag, digest, permit)
    await this.#remove(tx, repository, manifest, tags, permit)
    return true
  }

  async #dropTag(
    tx: Transaction,
    repository: PlacedRepository,
    tag: TagName,
    before: string,
    permit: Permit,
  ): Promise<void> {
    const change = { before, after: undefined }
    await this.#admission.admitTag(tx, repository, tag, change)
    await deleteTag(tx, repository.id, tag)
    await this.#admission.record(tx, permit, { kind: 'tagDeleted', repository, tag, ...change })
  }

  /** The end of a locked manifest whose tags are gone. */
  async #remove(
    tx: Transaction,
    repository: PlacedRepository,
    manifest: { digest: string; size: number },
    tags: readonly TagName[],
    context: RequestContext,
  ): Promise<void> {
    const { digest, size } = manifest
    const referrers = await referrerDigests(tx, repository.id, digest, referrersReviewed)
    const references = await deleteManifest(tx, repository.id, digest)
    const dueAt = this.#grace.reviewDue()
    const review = (subject: Review['subject'], of: string): Review => ({
      subject,
      repository_id: repository.id,
      digest: of,
      due_at: dueAt,
    })
    // A referenced digest may be a blob, a manifest or both; a review of what is not there ends at once.
    await requestReviews(tx, [
      ...references.map((of) => review('link', of)),
      ...[...new Set([...references, ...referrers])].map((of) => review('manifest', of)),
      review('repository', ''),
    ])
    const event = { kind: 'manifestDeleted', repository, digest, size, tags } as const
    await this.#admission.record(tx, context, event)
  }

  async #store(
    tx: Transaction,
    put: Push,
    manifest: ParsedManifest,
    digest: Digest,
    tags: readonly TagName[],
  ): Promise<string[]> {
    const { permit } = put
    const now = this.#grace.now()
    await permit.require(tx, 'push', put.repository)
    const repository = await ensureRepository(tx, {
      name: put.repository,
      permit,
      admission: this.#admission,
      now,
    })
    const { references, warnings } =
      manifest.kind === 'opaque'
        ? { references: digestsIn(put.payload), warnings: [] }
        : await checkContents(tx, repository.id, manifest, this.#settings)
    const annotated = Object.keys(manifest.annotations).length > 0
    const row = {
      digest,
      mediaType: manifest.mediaType,
      annotations: annotated ? JSON.stringify(manifest.annotations) : undefined,
    }
    const isNew = await insertManifest(tx, {
      ...row,
      repository: repository.id,
      artifactType: manifest.artifactType,
      payload: put.payload,
      subject: manifest.subject?.digest,
      references,
      now,
    })
    // It may still be waiting to be collected with an index or a subject that was deleted before this push.
    await withdrawReview(tx, { subject: 'manifest', repository_id: repository.id, digest })
    await this.#admission.record(tx, permit, {
      kind: 'manifestPushed',
      repository,
      ...row,
      artifactType: manifest.artifactType,
      subject: manifest.subject?.digest,
      size: put.payload.length,
      isNew,
    })
    const moved: string[] = []
    // In order, so that two pushes of the same tags cannot hold each other up.
    for (const tag of tags.toSorted()) {
      const before = await this.#setTag(tx, repository, { name: tag, digest, now }, permit)
      if (before !== undefined && before !== digest) moved.push(before)
    }
    await this.#reviewUntagged(tx, repository.id, tags.length === 0 ? [...moved, digest] : moved)
    return warnings
  }

  /** Creates or moves a tag, as the caller and the rules allow; returns what it pointed at before. */
  async #setTag(
    tx: Transaction,
    repository: PlacedRepository,
    tag: { name: TagName; digest: Digest; now: string },
    permit: Permit,
  ): Promise<string | undefined> {
    const before = await claimTag(tx, { ...tag, repository: repository.id })
    if (before !== tag.digest) {
      const isNew = before === undefined
      const change = { before, after: tag.digest }
      await permit.require(tx, isNew ? 'createTag' : 'moveTag', repository.name)
      await this.#admission.admitTag(tx, repository, tag.name, change)
      await this.#admission.record(tx, permit, {
        kind: isNew ? 'tagCreated' : 'tagMoved',
        repository,
        tag: tag.name,
        ...change,
      })
    }
    if (before !== undefined) await moveTag(tx, { ...tag, repository: repository.id })
    return before
  }

  /** Manifests without a tag are kept for those who pull by digest, unless the operator wants them collected. */
  async #reviewUntagged(
    tx: Transaction,
    repository: number,
    digests: readonly string[],
  ): Promise<void> {
    if (this.#settings.untagged === 'keep') return
    const dueAt = this.#grace.reviewDue()
    await requestReviews(
      tx,
      [...new Set(digests)].map((digest) => ({
        subject: 'manifest',
        repository_id: repository,
        digest,
        due_at: dueAt,
      })),
    )
  }

  async #unknown(repository: RepositoryName, reference: Reference): Promise<BerthError> {
    const name = reference.kind === 'tag' ? reference.tag : reference.digest
    if (!(await this.#repositories.find.first({ name: repository }))) {
      return new BerthError('nameUnknown', `There is no repository ${repository}.`, {
        details: [{ name: repository }],
      })
    }
    return new BerthError(
      'manifestUnknown',
      `There is no manifest with the ${reference.kind} ${name} in ${repository}.`,
      { details: [{ [reference.kind]: name }] },
    )
  }
}

/** A push by digest is checked in that digest's algorithm; a push by tag gets sha256. */
function digestOf(payload: Buffer, reference: Reference): Digest {
  const algorithm = reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256'
  const digest = makeDigest(algorithm, createHash(algorithm).update(payload).digest('hex'))
  if (reference.kind === 'digest' && digest !== reference.digest) {
    throw new BerthError(
      'digestMismatch',
      `The manifest received has the digest ${digest}, not ${reference.digest}.`,
      { details: [{ digest: reference.digest }] },
    )
  }
  return digest
}
