import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import { randomUUID } from 'node:crypto'
import type { AccessChanges, Change, ChangeContext } from '../access/changes.ts'
import { checkVersion } from '../access/expected-version.ts'
import { parseGlob } from '../access/glob.ts'
import { levelsOf } from '../access/project-name.ts'
import { projectUnknown } from '../access/projects.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  deleteRule,
  type Effect,
  insertRule,
  listRules,
  lockRule,
  orderRules,
  type StoredRule,
  updateRule,
} from '../metadata/immutability-rules.ts'
import { findProject, lockProject } from '../metadata/projects.ts'
import { type DecidingRule, decide } from './decide.ts'

/** Rules of one project: every push that changes a tag asks them all. */
const rulesMax = 100

export type Rule = Omit<StoredRule, 'projectId' | 'position'>

export type RuleInput = {
  readonly effect: Effect
  readonly repositories: string
  readonly tags: string
}

/** What is left out stays. */
export type RuleChange = {
  readonly [Field in keyof RuleInput]?: RuleInput[Field] | undefined
}

/**
 * The rules about immutable tags. They stand in projects, `''` being the instance, and are asked from the nearest
 * project up, within one in their order; the first that matches decides. So a project can open what one above it closes.
 */
export class ImmutabilityRules {
  readonly #database: Database
  readonly #changes: AccessChanges

  constructor(parts: { database: Database; changes: AccessChanges }) {
    this.#database = parts.database
    this.#changes = parts.changes
  }

  /** The rules of this very project in their order, at most 100. Throws `notFound` without the project. */
  async listRules(project: string): Promise<Rule[]> {
    const found = await findProject(this.#database.read, project)
    if (!found) throw projectUnknown()
    return (await listRules(this.#database.read, found.id)).map(toRule)
  }

  /** Adds a rule behind the others. Throws `notFound`, `requestInvalid`, `conflict` when there are too many. */
  async createRule(context: ChangeContext, project: string, input: RuleInput): Promise<Rule> {
    checkGlobs(input)
    return this.#change(context, project, async ({ tx, now, record }, projectId) => {
      const before = await listRules(tx, projectId)
      if (before.length >= rulesMax) {
        throw new BerthError(
          'conflict',
          `The project has ${rulesMax} rules about immutable tags, which is the limit. Join some with {a,b}, or remove some.`,
          { details: [{ reason: 'tooManyRules', limit: rulesMax }] },
        )
      }
      const { effect, repositories, tags } = input
      const rule: StoredRule = {
        id: randomUUID(),
        projectId,
        position: (before.at(-1)?.position ?? -1) + 1,
        effect,
        repositories,
        tags,
        createdAt: now,
        version: 1,
      }
      await insertRule(tx, rule)
      await record({ ...event('immutabilityRule.created', project, rule), after: input })
      return toRule(rule)
    })
  }

  /** Changes what is given. Throws `notFound`, `requestInvalid`, `versionMismatch`. */
  async updateRule(
    context: ChangeContext,
    project: string,
    id: string,
    change: RuleChange,
    expectedVersion?: number,
  ): Promise<Rule> {
    checkGlobs(change)
    return this.#change(context, project, async ({ tx, record }, projectId) => {
      const before = await lockRule(tx, projectId, id)
      if (!before) throw ruleUnknown()
      checkVersion(before, expectedVersion)
      const { effect, repositories, tags } = change
      const after = await updateRule(tx, id, {
        effect: effect ?? before.effect,
        repositories: repositories ?? before.repositories,
        tags: tags ?? before.tags,
      })
      await record({
        ...event('immutabilityRule.changed', project, before),
        before: inputOf(before),
        after: inputOf(after),
      })
      return toRule(after)
    })
  }

  /** Throws `notFound`, `versionMismatch`. */
  async deleteRule(
    context: ChangeContext,
    project: string,
    id: string,
    expectedVersion?: number,
  ): Promise<void> {
    await this.#change(context, project, async ({ tx, record }, projectId) => {
      const before = await lockRule(tx, projectId, id)
      if (!before) throw ruleUnknown()
      checkVersion(before, expectedVersion)
      await deleteRule(tx, id)
      await record({
        ...event('immutabilityRule.deleted', project, before),
        before: inputOf(before),
      })
    })
  }

  /** Puts the rules in this order, which names each of them once. Throws `notFound`, `requestInvalid`. */
  async orderRules(
    context: ChangeContext,
    project: string,
    ids: readonly string[],
  ): Promise<Rule[]> {
    return this.#change(context, project, async ({ tx, record }, projectId) => {
      const before = (await listRules(tx, projectId)).map(({ id }) => id)
      const named = new Set(ids)
      if (ids.length !== before.length || !before.every((id) => named.has(id))) {
        throw new BerthError(
          'requestInvalid',
          `The order must name each of the ${before.length} rules of the project once, and nothing else.`,
          { details: [{ field: 'rules', rule: 'permutation' }] },
        )
      }
      await orderRules(tx, ids)
      await record({
        action: 'immutabilityRule.reordered',
        targetKind: 'project',
        target: project,
        project,
        before,
        after: ids,
      })
      return (await listRules(tx, projectId)).map(toRule)
    })
  }

  /**
   * The rule that would decide about a tag, which need not exist; `undefined` when none matches, so that it may change.
   * `within` is the project whose reader asks: beyond it, other projects' rules are not told. Throws `requestInvalid`.
   */
  async explain(
    repository: RepositoryName,
    tag: TagName,
    within: string,
  ): Promise<DecidingRule | undefined> {
    if (!levelsOf(repository).includes(within)) {
      throw new BerthError(
        'requestInvalid',
        `The repository must lie in the project: be named ${within} or begin with ${within}/.`,
        { details: [{ field: 'repository', rule: 'withinProject' }] },
      )
    }
    return decide(this.#database.read, repository, tag)
  }

  #change<T>(
    context: ChangeContext,
    project: string,
    work: (change: Change, projectId: number) => Promise<T>,
  ): Promise<T> {
    return this.#changes.run(context, async (change) => {
      const found = await lockProject(change.tx, project)
      if (!found) throw projectUnknown()
      return work(change, found.id)
    })
  }
}

function checkGlobs(input: RuleChange): void {
  if (input.repositories !== undefined) parseGlob(input.repositories, 'repositories')
  if (input.tags !== undefined) parseGlob(input.tags, 'tags')
}

function toRule(stored: StoredRule): Rule {
  const { id, createdAt, version } = stored
  return { id, ...inputOf(stored), createdAt, version }
}

function inputOf({ effect, repositories, tags }: StoredRule): RuleInput {
  return { effect, repositories, tags }
}

function event(action: string, project: string, { id }: { id: string }) {
  return { action, targetKind: 'immutabilityRule', target: id, project }
}

function ruleUnknown(): BerthError {
  return new BerthError('notFound', 'The project has no such rule.')
}
