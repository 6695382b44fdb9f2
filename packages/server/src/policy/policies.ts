import type { PolicyRule } from '@berth/api/policy-document.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { createHash } from 'node:crypto'
import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { checkVersion } from '../access/expected-version.ts'
import { type Page, readPage } from '../access/page.ts'
import { projectUnknown } from '../access/projects.ts'
import { BerthError } from '../errors.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import {
  findPolicy,
  lockPolicy,
  pageOfPolicies,
  putPolicy,
  removePolicy,
  type StoredPolicy,
} from '../metadata/policies.ts'
import { findProject, lockProject } from '../metadata/projects.ts'
import { type PolicyInput, readPolicyInput } from './document.ts'
import type { PolicyBook } from './policy-set.ts'
import type { PlacedRule } from './rules.ts'

export type PolicyView = {
  readonly project: string
  readonly document: string
  readonly rules: PolicyRule[]
  readonly version: number
  readonly updatedAt: string
  readonly updatedBy: string
}

export type PolicySummary = Omit<PolicyView, 'document' | 'rules'> & { readonly rules: number }

/** The policies that projects write down, `''` being the instance. A change holds for the next request, on every node. */
export class Policies {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #book: PolicyBook
  readonly #queue: JobQueue

  constructor(parts: {
    database: Database
    changes: AccessChanges
    book: PolicyBook
    queue: JobQueue
  }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#book = parts.book
    this.#queue = parts.queue
  }

  /** Throws `notFound` without the project, or when it has no policy. */
  async readPolicy(project: string): Promise<PolicyView> {
    const found = await findProject(this.#database.read, project)
    if (!found) throw projectUnknown()
    const stored = await findPolicy(this.#database.read, found.id)
    if (!stored) throw policyUnknown()
    return toView(project, stored)
  }

  /**
   * Sets a policy that is given as a document or as rules. Throws `notFound`, `versionMismatch`, and `requestInvalid`
   * with place and reason of every fault; then the former policy stays in force.
   */
  async setPolicy(
    context: ChangeContext,
    project: string,
    input: PolicyInput,
    expectedVersion?: number,
  ): Promise<PolicyView> {
    const given = readPolicyInput(input)
    if (!given) throw new Error('Neither a document nor rules were given.')
    const { document, rules } = given
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      const before = await lockPolicy(tx, found.id)
      if (before) checkVersion(before, expectedVersion)
      else if (expectedVersion !== undefined) checkVersion({ version: 0 }, expectedVersion)
      const policy: StoredPolicy = {
        projectId: found.id,
        document,
        rules: JSON.stringify(rules),
        version: (before?.version ?? 0) + 1,
        updatedAt: now,
        updatedBy: context.actor.name,
      }
      await putPolicy(tx, policy)
      await this.#orderDates(tx, project, before?.rules, policy.rules)
      await record({
        ...event('policy.set', project),
        ...(before && { before: recorded(before) }),
        after: recorded(policy),
      })
      return toView(project, policy)
    })
  }

  /** Throws `notFound`, `versionMismatch`. */
  async deletePolicy(
    context: ChangeContext,
    project: string,
    expectedVersion?: number,
  ): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      const before = await lockPolicy(tx, found.id)
      if (!before) throw policyUnknown()
      checkVersion(before, expectedVersion)
      await removePolicy(tx, found.id)
      await this.#orderDates(tx, project, before.rules, undefined)
      await record({ ...event('policy.deleted', project), before: recorded(before) })
    })
  }

  /** Findings have other due dates when rules that set them changed. */
  async #orderDates(
    tx: Transaction,
    project: string,
    before: string | undefined,
    after: string | undefined,
  ): Promise<void> {
    if (datingRules(before) === datingRules(after)) return
    await this.#queue.enqueue(tx, { name: 'date-findings', payload: { project } })
  }

  /** Every rule that holds for the repository, which need not exist: of the instance first, of the nearest project last. */
  async effectiveRules(repository: RepositoryName): Promise<readonly PlacedRule[]> {
    return (await this.#book.now()).rulesFor(repository)
  }

  /** The projects that have a policy, by name. */
  listPolicies(query: { after?: string | undefined; limit: number }): Promise<Page<PolicySummary>> {
    // The name of the instance is empty, which cannot stand for itself in a `next`.
    const after = query.after === instancePlace ? '' : query.after
    return readPage(
      query.limit,
      (limit) => pageOfPolicies(this.#database.read, { after, limit }),
      ({ project }) => (project === '' ? instancePlace : project),
      (row) => {
        const { document: _, rules, ...view } = toView(row.project, row)
        return { ...view, rules: rules.length }
      },
    )
  }
}

const instancePlace = '*'

function toView(project: string, stored: StoredPolicy): PolicyView {
  const { document, rules, version, updatedAt, updatedBy } = stored
  return {
    project,
    document,
    rules: JSON.parse(rules) as PolicyRule[],
    version,
    updatedAt,
    updatedBy,
  }
}

function datingRules(rules: string | undefined): string {
  if (rules === undefined) return '[]'
  return JSON.stringify(
    (JSON.parse(rules) as PolicyRule[])
      .filter(({ sla }) => sla !== undefined)
      .map(({ sla, repositories }) => ({ sla, repositories })),
  )
}

/** For the audit log: the document itself may be long. */
function recorded({ document, rules, version }: StoredPolicy) {
  return {
    version,
    rules: (JSON.parse(rules) as PolicyRule[]).map(({ name, mode }) => ({ name, mode })),
    sha256: createHash('sha256').update(document).digest('hex'),
  }
}

function event(action: string, project: string) {
  return { action, targetKind: 'project', target: project, project }
}

function policyUnknown(): BerthError {
  return new BerthError('notFound', 'The project has no policy of its own.')
}
