import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import type { Database } from '../metadata/database.ts'
import { tagsOnAny, taggedManifests, type TaggedManifest } from '../metadata/policy-facts.ts'
import { findProject } from '../metadata/projects.ts'
import { notNext } from '../access/page.ts'
import { projectUnknown } from '../access/projects.ts'
import type { Manifests } from '../registry/manifests.ts'
import { type PolicyInput, readPolicyInput } from './document.ts'
import type { Facts, Stage } from './facts.ts'
import { verdictOf } from './gate.ts'
import type { Judge, Judged } from './judge.ts'
import type { Suppressed, Violation } from './judgement.ts'
import { placeRules, type PolicyBook, type PolicySet } from './policy-set.ts'

const shownMax = 200
const tagsShown = 10
/** Images that one page of a trial judges, however few of them it shows. */
const judgedMax = 300

export type EvaluationView = {
  readonly decision: 'allow' | 'warn' | 'deny'
  readonly message: string
  readonly violations: readonly Violation[]
  readonly moreViolations: number
  readonly suppressed: readonly Suppressed[]
  readonly validUntil: string | undefined
}

export type Explanation = EvaluationView & {
  readonly digest: string
  readonly facts: Facts
  readonly policies: readonly { readonly project: string; readonly version: number }[]
}

export type Trial = {
  readonly repository: string
  readonly digest: string
  readonly tags: readonly string[]
  readonly now: EvaluationView
  readonly tried: EvaluationView
}

/** Judges what is stored for those who ask why, or what would be. Nothing is kept. */
export class Decisions {
  readonly #database: Database
  readonly #book: PolicyBook
  readonly #judge: Judge
  readonly #manifests: Manifests

  constructor(parts: { database: Database; book: PolicyBook; judge: Judge; manifests: Manifests }) {
    this.#database = parts.database
    this.#book = parts.book
    this.#judge = parts.judge
    this.#manifests = parts.manifests
  }

  /** Throws `manifestUnknown`, `nameUnknown`. */
  async explain(
    repository: RepositoryName,
    reference: Reference,
    stage: Stage,
  ): Promise<Explanation> {
    const stored = await this.#manifests.getManifest(repository, reference)
    const set = await this.#book.now()
    const rules = set.rulesFor(repository)
    const { digest, mediaType, payload, verdict } = stored
    const judged = await this.#judge.judge(
      {
        repository,
        repositoryId: verdict.repository_id,
        digest,
        manifest: parseManifest(payload, mediaType),
      },
      rules,
      stage,
      { isForPeople: true },
    )
    const versions = new Map(rules.map(({ project, version }) => [project, version]))
    return {
      digest,
      ...viewOf(judged),
      facts: judged.facts,
      policies: [...versions].map(([project, version]) => ({ project, version })),
    }
  }

  /**
   * A page of the tagged images of a project and all below it (`''`: of everything), judged as they are and as they would be
   * with this policy in place of the project's own. `mayRead` says which repositories are shown. Throws
   * `requestInvalid`, `notFound`.
   */
  async tryPolicy(
    project: string,
    input: PolicyInput,
    query: {
      after: string | undefined
      limit: number
      only: 'all' | 'changed' | 'blocked'
      mayRead: (repository: RepositoryName) => boolean | Promise<boolean>
    },
  ): Promise<{ items: Trial[]; next: string | null }> {
    if (!(await findProject(this.#database.read, project))) throw projectUnknown()
    const set = await this.#book.now()
    const given = readPolicyInput(input)
    const tried = given ? set.with(project, placeRules(project, 0, given.rules)) : set
    let after = readPlace(query.after)
    const items: Trial[] = []
    for (let judged = 0; judged < judgedMax && items.length < query.limit; ) {
      const limit = Math.min(query.limit, judgedMax - judged)
      const rows = await taggedManifests(this.#database.read, { project, after, limit })
      for (const row of rows) {
        after = { repository: row.repository, digest: row.digest }
        judged += 1
        const trial = await this.#try(row, set, tried, query.mayRead)
        if (trial && isShown(trial, query.only)) items.push(trial)
        if (items.length === query.limit) break
      }
      if (rows.length < limit && items.length < query.limit) return { items, next: null }
    }
    return { items, next: after ? writePlace(after) : null }
  }

  async #try(
    row: TaggedManifest,
    set: PolicySet,
    tried: PolicySet,
    mayRead: (repository: RepositoryName) => boolean | Promise<boolean>,
  ): Promise<Trial | undefined> {
    const repository = row.repository as RepositoryName
    const manifest = parse(row)
    if (!manifest || !(await mayRead(repository))) return undefined
    const { repositoryId, digest } = row
    const subject = { repository, repositoryId, digest, manifest }
    const now = viewOf(await this.#judge.judge(subject, set.rulesFor(repository), 'pull'))
    return {
      repository,
      digest,
      tags: await tagsOnAny(this.#database.read, repositoryId, [digest], tagsShown),
      now,
      tried:
        tried === set
          ? now
          : viewOf(await this.#judge.judge(subject, tried.rulesFor(repository), 'pull')),
    }
  }
}

function parse({ payload, mediaType }: TaggedManifest): ParsedManifest | undefined {
  try {
    return parseManifest(payload, mediaType)
  } catch {
    // A former version may have accepted what this one does not.
    return undefined
  }
}

function isShown({ now, tried }: Trial, only: 'all' | 'changed' | 'blocked'): boolean {
  if (only === 'all') return true
  if (only === 'changed') return now.decision !== tried.decision
  return now.decision === 'deny' || tried.decision === 'deny'
}

function viewOf(judged: Judged): EvaluationView {
  const { decision, violations, suppressed, validUntil } = judged.evaluation
  const { message, warning } = verdictOf(judged)
  return {
    decision,
    message: decision === 'deny' ? message : warning,
    violations: violations.slice(0, shownMax),
    moreViolations: Math.max(0, violations.length - shownMax),
    suppressed: suppressed.slice(0, shownMax),
    validUntil: validUntil === undefined ? undefined : new Date(validUntil).toISOString(),
  }
}

function writePlace({ repository, digest }: { repository: string; digest: string }): string {
  return `${repository}@${digest}`
}

function readPlace(after: string | undefined): { repository: string; digest: string } | undefined {
  if (after === undefined) return undefined
  const at = after.indexOf('@')
  if (at < 1 || /\p{Cc}/u.test(after)) throw notNext()
  return { repository: after.slice(0, at), digest: after.slice(at + 1) }
}
