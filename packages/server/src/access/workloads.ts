import { randomUUID } from 'node:crypto'
import type { RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { findProject } from '../metadata/projects.ts'
import {
  countWorkloadRules,
  findWorkloadRule,
  insertWorkloadRule,
  listWorkloadRules,
  lockWorkloadRule,
  removeWorkloadRule,
  type StoredWorkloadRule,
  updateWorkloadRule,
} from '../metadata/workload-rules.ts'
import type { AccessChanges } from './changes.ts'
import { type ClaimConditions, parseConditions } from './claim-conditions.ts'
import { checkVersion } from './expected-version.ts'
import type { Limits } from './limits.ts'
import {
  type Change,
  checkActions,
  checkAddresses,
  checkMachineName,
  checkRepositories,
  type GrantContext,
  invalidSetting,
  requireGrants,
  toLimits,
  withChange,
} from './machine-limits.ts'
import { type Page, readPage } from './page.ts'

export type WorkloadRule = Omit<StoredWorkloadRule, 'projectId'>

export type WorkloadRuleSettings = {
  /** One of the trusted issuers of the settings. */
  readonly issuer: string
  readonly conditions: ClaimConditions
  readonly actions: readonly RepositoryAction[]
  /** Globs on whole repository names; outside the rule's project they reach nothing. */
  readonly repositories: readonly string[]
  readonly allowedAddresses: readonly string[] | null
}

/** A rule where it belongs: one of another project is not found. */
export type WorkloadRuleKey = { readonly project: string; readonly id: string }

const perProjectMax = 500
/** Each token is held against all rules of its issuer. */
const perIssuerMax = 5000

/**
 * Rules that let machines in by the tokens of issuers that the operator trusts: which claims, and what they may do in the
 * rule's project. See `WorkloadExchange` for the tokens.
 */
export class Workloads {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #issuers: readonly string[]

  constructor(parts: {
    database: Database
    changes: AccessChanges
    /** `issuer` of each trusted one. */
    issuers: readonly string[]
  }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#issuers = parts.issuers
  }

  /** Those that rules can be made for. */
  listIssuers(): readonly string[] {
    return this.#issuers
  }

  /**
   * Throws `requestInvalid`, `notFound` without the project, `alreadyExists`, `conflict` at 500 rules in the project or
   * 5,000 of the issuer, `denied` for an action that the caller lacks.
   */
  async createRule(
    context: GrantContext,
    input: { project: string; name: string } & WorkloadRuleSettings,
  ): Promise<WorkloadRule> {
    checkMachineName(input.name)
    const settings = this.#check(input)
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const project = await findProject(tx, input.project)
      if (!project) throw new BerthError('notFound', 'There is no such project.')
      await requireGrants(tx, context, settings.actions, project.name)
      await refuseTooMany(tx, project.id, settings.issuer)
      const created: StoredWorkloadRule = {
        id: randomUUID(),
        projectId: project.id,
        projectName: project.name,
        name: input.name,
        ...settings,
        lastUsedAt: null,
        createdAt: now,
        version: 1,
      }
      if (!(await insertWorkloadRule(tx, created))) {
        throw new BerthError('alreadyExists', `There is a rule ${input.name} already.`)
      }
      await record({ ...eventOf('workloadRule.created', created), after: auditOf(created) })
      return toRule(created)
    })
  }

  /** The rules of the project without those below it, by name. */
  listRules(query: {
    readonly project: string
    readonly limit: number
    readonly after?: string | undefined
  }): Promise<Page<WorkloadRule>> {
    const { project, after = '' } = query
    return readPage(
      query.limit,
      (limit) => listWorkloadRules(this.#database.read, { project, after, limit }),
      ({ name }) => name,
      toRule,
    )
  }

  /** Throws `notFound`. */
  async readRule(key: WorkloadRuleKey): Promise<WorkloadRule> {
    return toRule(found(await findWorkloadRule(this.#database.read, key)))
  }

  /**
   * Changes what is given; whoever is in by the rule must show a token again. Throws `requestInvalid`, `notFound`,
   * `versionMismatch`, `denied` as `createRule`.
   */
  changeRule(
    context: GrantContext,
    key: WorkloadRuleKey,
    settings: Change<WorkloadRuleSettings>,
    expectedVersion?: number,
  ): Promise<WorkloadRule> {
    return this.#changes.run(context, async ({ tx, record }) => {
      const before = await lockVersion(tx, key, expectedVersion)
      const merged = this.#check(withChange<WorkloadRuleSettings>(before, settings))
      // All of them, as a change of the rest may let others in.
      await requireGrants(tx, context, merged.actions, before.projectName)
      await updateWorkloadRule(tx, before.id, merged)
      const after = found(await findWorkloadRule(tx, key))
      const event = eventOf('workloadRule.updated', after)
      await record({ ...event, before: auditOf(before), after: auditOf(after) })
      return toRule(after)
    })
  }

  /** In force at the next request, for those too who are in by it. Throws `notFound`, `versionMismatch`. */
  async deleteRule(
    context: GrantContext,
    key: WorkloadRuleKey,
    expectedVersion?: number,
  ): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const rule = await lockVersion(tx, key, expectedVersion)
      await removeWorkloadRule(tx, rule.id)
      await record({ ...eventOf('workloadRule.deleted', rule), before: auditOf(rule) })
    })
  }

  #check(settings: WorkloadRuleSettings): WorkloadRuleSettings {
    if (!this.#issuers.includes(settings.issuer)) {
      const known =
        this.#issuers.length === 0 ? 'none: set access.workloads first' : this.#issuers.join(', ')
      throw invalidSetting('issuer', 'trusted', `is not a trusted issuer. Accepted: ${known}.`)
    }
    parseConditions(settings.conditions)
    return {
      issuer: settings.issuer,
      conditions: settings.conditions,
      actions: checkActions(settings.actions),
      repositories: checkRepositories(settings.repositories),
      allowedAddresses: checkAddresses(settings.allowedAddresses),
    }
  }
}

/** What those may do who are in by the rule, and from where. */
export function limitsOfRule(rule: StoredWorkloadRule): Limits {
  return toLimits({ ...rule, expiresAt: null }, rule.projectName)
}

async function refuseTooMany(tx: Transaction, projectId: number, issuer: string): Promise<void> {
  const { inProject, ofIssuer } = await countWorkloadRules(tx, { projectId, issuer })
  if (inProject >= perProjectMax) {
    throw new BerthError('conflict', `A project has at most ${perProjectMax} rules.`)
  }
  if (ofIssuer >= perIssuerMax) {
    throw new BerthError('conflict', `There are at most ${perIssuerMax} rules for one issuer.`)
  }
}

async function lockVersion(
  tx: Transaction,
  key: WorkloadRuleKey,
  expectedVersion: number | undefined,
): Promise<StoredWorkloadRule> {
  const rule = found(await lockWorkloadRule(tx, key))
  checkVersion(rule, expectedVersion)
  return rule
}

function found(rule: StoredWorkloadRule | undefined): StoredWorkloadRule {
  if (rule) return rule
  throw new BerthError('notFound', 'There is no such rule in this project.')
}

function toRule(rule: StoredWorkloadRule): WorkloadRule {
  const { projectId: _, ...shown } = rule
  return shown
}

function eventOf(action: string, rule: StoredWorkloadRule) {
  return { action, targetKind: 'workloadRule', target: rule.name, project: rule.projectName }
}

function auditOf(rule: StoredWorkloadRule): WorkloadRuleSettings {
  const { issuer, conditions, actions, repositories, allowedAddresses } = rule
  return { issuer, conditions, actions, repositories, allowedAddresses }
}
