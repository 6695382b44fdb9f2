import { parseManifest } from '@berth/oci/manifest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { putVerdict, readVerdictMarks, type VerdictRow } from '../metadata/policy-verdicts.ts'
import type { StoredManifest } from '../registry/manifests.ts'
import type { Judge, Judged } from './judge.ts'
import { messageOf } from './message.ts'
import type { PolicyBook } from './policy-set.ts'
import type { PlacedRule } from './rules.ts'

const waitMs = 30_000
const lookAgainMs = 1000
/** Pulls that wait for a scan at once; those beyond are blocked without waiting. */
const waitersMax = 200

/** What a pull is told. */
export type PullVerdict = {
  readonly decision: 'allow' | 'warn' | 'deny'
  /** Why it is blocked; empty when it is not. */
  readonly message: string
  /** For the `Warning` header; empty when there is nothing to warn of. */
  readonly warning: string
  /** For the audit log: what rules in mode `audit` found. */
  readonly audited: string
}

type WaitOptions = {
  /** For a scan, where a rule says so. */
  readonly mayWait: boolean
  /** Asked for when the waiting begins, which it ends. */
  readonly signal?: () => AbortSignal
}

const allowed: PullVerdict = { decision: 'allow', message: '', warning: '', audited: '' }

/**
 * Stands before every pull of a manifest. The verdict comes with the manifest in one read; when there is none, or what it
 * was found by has changed, it is found anew from what is stored, and kept.
 */
export class PullGate {
  readonly #database: Database
  readonly #book: PolicyBook
  readonly #judge: Judge
  readonly #now: () => number
  readonly #underWay = new Map<string, Promise<PullVerdict & { isPending: boolean }>>()
  #waiters = 0

  constructor(parts: { database: Database; book: PolicyBook; judge: Judge; now: () => number }) {
    this.#database = parts.database
    this.#book = parts.book
    this.#judge = parts.judge
    this.#now = parts.now
  }

  /** The verdict, at once when it is known. */
  judgePull(
    repository: RepositoryName,
    manifest: StoredManifest,
    options: WaitOptions,
  ): PullVerdict | Promise<PullVerdict> {
    const { verdict } = manifest
    if (this.#counts(verdict)) {
      return {
        decision: verdict.verdict_decision ?? 'allow',
        message: verdict.verdict_message ?? '',
        warning: verdict.verdict_warning ?? '',
        audited: verdict.verdict_audited ?? '',
      }
    }
    const set = this.#book.at(verdict.policy_epoch)
    if (!(set instanceof Promise) && !rulesOfPulls(set.rulesFor(repository))) return allowed
    return this.#find(repository, manifest, options)
  }

  #counts(verdict: VerdictRow): boolean {
    return (
      verdict.verdict_epoch === verdict.policy_epoch &&
      verdict.verdict_repository_revision === verdict.repository_revision &&
      verdict.verdict_facts_revision === verdict.facts_revision &&
      (verdict.verdict_valid_until === null ||
        this.#now() < Date.parse(verdict.verdict_valid_until))
    )
  }

  async #find(
    repository: RepositoryName,
    manifest: StoredManifest,
    options: WaitOptions,
  ): Promise<PullVerdict> {
    const first = await this.#judgeOnce(repository, manifest)
    if (!first.isPending || !options.mayWait || this.#waiters >= waitersMax) return first
    const signal = options.signal?.()
    this.#waiters += 1
    try {
      const end = performance.now() + waitMs
      let latest = first
      while (latest.isPending && performance.now() < end) {
        await sleep(lookAgainMs, undefined, signal && { signal })
        latest = await this.#judgeOnce(repository, manifest)
      }
      return latest
    } catch (error) {
      if (signal?.aborted === true) return first
      throw error
    } finally {
      this.#waiters -= 1
    }
  }

  /** Many pulls of one image at once are judged once, unless something has changed since the first of them came. */
  #judgeOnce(
    repository: RepositoryName,
    manifest: StoredManifest,
  ): Promise<PullVerdict & { isPending: boolean }> {
    const {
      repository_id: id,
      policy_epoch: epoch,
      repository_revision: revision,
    } = manifest.verdict
    const key = `${id}@${manifest.digest} ${epoch} ${revision}`
    let judging = this.#underWay.get(key)
    if (!judging) {
      judging = this.#judgeNow(repository, manifest)
      this.#underWay.set(key, judging)
      const end = () => this.#underWay.delete(key)
      judging.then(end, end)
    }
    return judging
  }

  async #judgeNow(
    repository: RepositoryName,
    { digest, mediaType, payload, verdict }: StoredManifest,
  ): Promise<PullVerdict & { isPending: boolean }> {
    const repositoryId = verdict.repository_id
    // Before the facts: what is read after the marks can only be newer than they are.
    const marks = await readVerdictMarks(this.#database.read, repositoryId, digest)
    if (!marks) return { ...allowed, isPending: false }
    const set = await this.#book.at(marks.epoch)
    const manifest = parseManifest(payload, mediaType)
    const judged = await this.#judge.judge(
      { repository, repositoryId, digest, manifest },
      set.rulesFor(repository),
      'pull',
    )
    const found = verdictOf(judged)
    const { evaluation } = judged
    const isPending =
      evaluation.decision === 'deny' &&
      evaluation.violations.every(({ mode, isPending: waits }) => mode !== 'enforce' || waits)
    // What a scan under way may change any moment is not kept.
    if (!isPending && set.epoch === marks.epoch) {
      const { validUntil } = evaluation
      await this.#keep({
        repositoryId,
        digest,
        ...marks,
        ...found,
        judgedAt: new Date(this.#now()).toISOString(),
        validUntil: validUntil === undefined ? null : new Date(validUntil).toISOString(),
      })
    }
    return { ...found, isPending }
  }

  /** A verdict that cannot be kept is found again at the next pull. */
  async #keep(verdict: Parameters<typeof putVerdict>[1]): Promise<void> {
    try {
      await this.#database.relaxedTransaction((tx) => putVerdict(tx, verdict))
    } catch (error) {
      if (!(error instanceof BerthError)) throw error
    }
  }
}

export function verdictOf({ evaluation, facts }: Judged): PullVerdict {
  const { decision, violations } = evaluation
  return {
    decision,
    message: messageOf(violations, 'enforce', facts),
    warning: messageOf(violations, 'warn', facts),
    audited: messageOf(violations, 'audit', facts),
  }
}

function rulesOfPulls(rules: readonly PlacedRule[]): boolean {
  return rules.some(({ rule }) => rule.on.includes('pull'))
}
