import type { PolicyRule } from '@berth/api/policy-document.ts'
import { isIndexMediaType } from '@berth/oci/media-type.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { subjectOfCosignTag } from '@berth/signing/signature.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { repositoriesHolding, tagsNamed } from '../metadata/policy-facts.ts'
import { touchRepository } from '../metadata/policy-verdicts.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { ManifestPush, RegistryEvent } from '../registry/admission.ts'
import type { Stage } from './facts.ts'
import { verdictOf } from './gate.ts'
import type { Judge } from './judge.ts'
import type { PolicyBook } from './policy-set.ts'

/** Stands before each push of a manifest, and sees to it that no verdict outlives the tags and attachments it was found by. */
export class PushGate {
  readonly #database: Database
  readonly #book: PolicyBook
  readonly #judge: Judge

  constructor(parts: { database: Database; book: PolicyBook; judge: Judge }) {
    this.#database = parts.database
    this.#book = parts.book
    this.#judge = parts.judge
  }

  /**
   * Before the transaction of the push, since the configuration of the image is read. Returns what to warn of, and what is
   * for the audit log only. Throws `policyDenied`.
   */
  async admitManifest(push: ManifestPush): Promise<{ warnings: string[]; audited: string[] }> {
    const set = await this.#book.now()
    const rules = set.rulesFor(push.repository)
    const notes = { warnings: [] as string[], audited: [] as string[] }
    for (const stage of ['push', 'promotion'] as const) {
      if (!rules.some(({ rule }) => rule.on.includes(stage))) continue
      const repository = await findRepository(this.#database.read, push.repository)
      if (stage === 'promotion' && !(await this.#isPromotion(push, repository?.id))) continue
      const { digest, manifest, tags } = push
      const subject = {
        repository: push.repository,
        repositoryId: repository?.id,
        digest,
        manifest,
        tags,
      }
      const judged = await this.#judge.judge(subject, rules, stage)
      const verdict = verdictOf(judged)
      if (verdict.decision === 'deny') throw policyDenied(verdict.message, push, stage)
      if (verdict.warning !== '') notes.warnings.push(verdict.warning)
      if (verdict.audited !== '') notes.audited.push(verdict.audited)
    }
    return notes
  }

  /** In the transaction of a write. */
  async record(tx: Transaction, event: RegistryEvent): Promise<void> {
    const watched = watchedBy(event)
    if (watched.length === 0) return
    const set = await this.#book.in(tx)
    const rules = set.rulesFor(event.repository.name)
    if (rules.some(({ rule }) => watched.some((key) => rule[key] !== undefined))) {
      await touchRepository(tx, event.repository.id)
    }
  }

  /** Whether a tag is to be set to what this Berth had before, here or elsewhere. */
  async #isPromotion(
    { digest, tags }: ManifestPush,
    repositoryId: number | undefined,
  ): Promise<boolean> {
    const holders = await repositoriesHolding(this.#database.read, digest, 2)
    if (holders.length === 0) return false
    if (!holders.some(({ id }) => id === repositoryId)) return holders.length > 0
    if (repositoryId === undefined) return true
    const set = await tagsNamed(this.#database.read, repositoryId, tags)
    const same = set.filter((tag) => tag.manifest_digest === digest)
    return same.length < tags.length
  }
}

const byAttachment = ['requireSbom', 'signedBy', 'requireAttestation'] as const
const byFamily = ['tags', ...byAttachment] as const

/**
 * What rules must hold for the event to matter to them: what scans change counts its own revision up. So do verdicts on
 * signatures, but whoever pulls before they are found must not get what was kept before the push.
 */
function watchedBy(event: RegistryEvent): readonly (keyof PolicyRule)[] {
  switch (event.kind) {
    case 'tagCreated':
    case 'tagMoved':
    case 'tagDeleted':
      return subjectOfCosignTag(event.tag) ? byFamily : ['tags', 'requireSbom']
    case 'manifestPushed':
      if (!event.isNew) return []
      // An index brings its tags and signatures to what it holds.
      if (isIndexMediaType(event.mediaType)) return byFamily
      return event.subject === undefined ? [] : byAttachment
    case 'manifestDeleted':
      return byFamily
    case 'repositoryCreated':
    case 'repositoryRemoved':
    case 'blobLinked':
    case 'blobUnlinked':
      return []
  }
}

/** The refusal of a push or a pull; the door adds where to read more. */
function policyDenied(
  message: string,
  { repository, digest }: { repository: RepositoryName; digest: string },
  stage: Stage,
): BerthError {
  return new BerthError('policyDenied', message, { details: [{ repository, digest, stage }] })
}
