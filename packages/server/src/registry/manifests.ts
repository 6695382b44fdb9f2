import { type Digest, digestAlgorithm, makeDigest } from '@berth/oci/digest.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import type { Reference, RepositoryName, TagName } from '@berth/oci/reference.ts'
import { createHash } from 'node:crypto'
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
import { referrerDigests } from '../metadata/referrers.ts'
import {
  type RepositoryReads,
  ensureRepository,
  findRepository,
  prepareRepositoryReads,
} from '../metadata/repositories.ts'
import { type Review, requestReviews, withdrawReview } from '../metadata/reviews.ts'
import { deleteTag, setTag } from '../metadata/tags.ts'
import type { Grace } from './grace.ts'
import { checkContents, digestsIn } from './manifest-contents.ts'

export type StoredManifest = { digest: Digest; mediaType: string; size: number; payload: Buffer }

/** Referrers of one deleted subject that collection looks at; any beyond stay until they are deleted. */
const referrersReviewed = 10_000

/** Manifests and the tags that point at them. Payloads are kept byte for byte. */
export class Manifests {
  readonly #database: Database
  readonly #grace: Grace
  readonly #settings: { allowSparseManifests: boolean; untagged: Config['collection']['untagged'] }
  readonly #reads: ManifestReads
  readonly #repositories: RepositoryReads

  constructor(parts: {
    database: Database
    grace: Grace
    settings: { allowSparseManifests: boolean; untagged: Config['collection']['untagged'] }
  }) {
    this.#database = parts.database
    this.#grace = parts.grace
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
    }
  }

  /**
   * Stores a manifest and points its tags at it, all or nothing; on disk when this returns.
   * Everything it refers to must be in this repository (spec "Pushing Manifests"), apart from the subject and foreign layers.
   * Throws `manifestInvalid`, `manifestBlobUnknown` (a detail for each missing digest), `digestMismatch`.
   */
  async putManifest(put: {
    repository: RepositoryName
    reference: Reference
    /** Further tags, for a push by digest. */
    tags: readonly TagName[]
    contentType: string | undefined
    payload: Buffer
  }): Promise<{
    digest: Digest
    subject: Digest | undefined
    tags: TagName[]
    warnings: string[]
  }> {
    const manifest = parseManifest(put.payload, put.contentType)
    const digest = digestOf(put.payload, put.reference)
    const tags = [...new Set(put.reference.kind === 'tag' ? [put.reference.tag] : put.tags)]
    const warnings = await this.#database.transaction((tx) =>
      this.#store(tx, put, manifest, digest, tags),
    )
    return { digest, subject: manifest.subject?.digest, tags, warnings }
  }

  /**
   * By tag: removes that tag only. By digest: removes the manifest and every tag that points at it.
   * Throws `manifestUnknown`, `nameUnknown`.
   */
  async deleteManifest(repository: RepositoryName, reference: Reference): Promise<void> {
    const deleted = await this.#database.transaction(async (tx) => {
      const id = await findRepository(tx, repository)
      if (id === undefined) return false
      if (reference.kind === 'digest') return this.removeManifest(tx, id, reference.digest)
      const digest = await deleteTag(tx, id, reference.tag)
      if (digest === undefined) return false
      await this.#reviewUntagged(tx, id, [digest])
      return true
    })
    if (!deleted) throw await this.#unknown(repository, reference)
  }

  /** Removes a manifest inside the caller's transaction and asks collection to look at all it held. `false` when absent. */
  async removeManifest(tx: Transaction, repositoryId: number, digest: string): Promise<boolean> {
    if (!(await lockManifest(tx, repositoryId, digest))) return false
    const referrers = await referrerDigests(tx, repositoryId, digest, referrersReviewed)
    const references = await deleteManifest(tx, repositoryId, digest)
    const dueAt = this.#grace.reviewDue()
    const review = (subject: Review['subject'], of: string): Review => ({
      subject,
      repository_id: repositoryId,
      digest: of,
      due_at: dueAt,
    })
    // A referenced digest may be a blob, a manifest or both; a review of what is not there ends at once.
    await requestReviews(tx, [
      ...references.map((of) => review('link', of)),
      ...[...new Set([...references, ...referrers])].map((of) => review('manifest', of)),
      review('repository', ''),
    ])
    return true
  }

  async #store(
    tx: Transaction,
    put: { repository: RepositoryName; payload: Buffer },
    manifest: ParsedManifest,
    digest: Digest,
    tags: readonly TagName[],
  ): Promise<string[]> {
    const now = this.#grace.now()
    const repository = await ensureRepository(tx, put.repository, now)
    const { references, warnings } =
      manifest.kind === 'opaque'
        ? { references: digestsIn(put.payload), warnings: [] }
        : await checkContents(tx, repository, manifest, this.#settings)
    await insertManifest(tx, {
      repository,
      digest,
      mediaType: manifest.mediaType,
      artifactType: manifest.artifactType,
      payload: put.payload,
      subject: manifest.subject?.digest,
      annotations: manifest.annotations,
      references,
      now,
    })
    // It may still be waiting to be collected with an index or a subject that was deleted before this push.
    await withdrawReview(tx, { subject: 'manifest', repository_id: repository, digest })
    const moved: string[] = []
    for (const name of tags) {
      const before = await setTag(tx, { repository, name, digest, now })
      if (before !== undefined && before !== digest) moved.push(before)
    }
    await this.#reviewUntagged(tx, repository, tags.length === 0 ? [...moved, digest] : moved)
    return warnings
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
