import type { RepositoryAction } from '../actor.ts'
import type { Database, Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type StoredWorkloadRule = {
  readonly id: string
  readonly projectId: number
  /** `''` for the root. */
  readonly projectName: string
  readonly name: string
  readonly issuer: string
  /** Claim to glob. */
  readonly conditions: Readonly<Record<string, string>>
  readonly actions: readonly RepositoryAction[]
  /** Globs, as text. */
  readonly repositories: readonly string[]
  /** CIDR ranges; `null`: from anywhere. */
  readonly allowedAddresses: readonly string[] | null
  readonly lastUsedAt: string | null
  readonly createdAt: string
  readonly version: number
}

type ListColumn = 'conditions' | 'actions' | 'repositories' | 'allowedAddresses'

type WorkloadRuleRow = Omit<StoredWorkloadRule, ListColumn> & {
  readonly conditions: string
  readonly actions: string
  readonly repositories: string
  readonly allowedAddresses: string | null
}

export type WorkloadRuleChange = Pick<StoredWorkloadRule, 'issuer' | ListColumn>

const columns = [
  'workload_rules.id as id',
  'workload_rules.project_id as projectId',
  'projects.name as projectName',
  'workload_rules.name as name',
  'workload_rules.issuer as issuer',
  'workload_rules.conditions as conditions',
  'workload_rules.actions as actions',
  'workload_rules.repositories as repositories',
  'workload_rules.allowed_addresses as allowedAddresses',
  'workload_rules.last_used_at as lastUsedAt',
  'workload_rules.created_at as createdAt',
  'workload_rules.version as version',
] as const

const rules = (db: Executor) =>
  db
    .selectFrom('workload_rules')
    .innerJoin('projects', 'projects.id', 'workload_rules.project_id')
    .select(columns)

/** Those of the rules that still exist. */
export async function findWorkloadRules(
  db: Executor,
  ids: readonly string[],
): Promise<StoredWorkloadRule[]> {
  const rows: WorkloadRuleRow[] = await rules(db).where('workload_rules.id', 'in', ids).execute()
  return rows.map(fromRow)
}

/** The read that every exchange of a token makes: all rules for the issuer, by id. */
export function prepareWorkloadRulesByIssuer(
  database: Database,
): (issuer: string) => Promise<StoredWorkloadRule[]> {
  const read = database.prepare<{ issuer: string }, WorkloadRuleRow>((db, p) =>
    rules(db).where('issuer', '=', p('issuer')).orderBy('workload_rules.id'),
  )
  return async (issuer) => (await read.all({ issuer })).map(fromRow)
}

/** The rules of one project without those below it, by name, after `after`. */
export async function listWorkloadRules(
  db: Executor,
  page: { project: string; after: string; limit: number },
): Promise<StoredWorkloadRule[]> {
  const rows: WorkloadRuleRow[] = await rules(db)
    .where('projects.name', '=', page.project)
    .where('workload_rules.name', '>', page.after)
    .orderBy('workload_rules.name')
    .limit(page.limit)
    .execute()
  return rows.map(fromRow)
}

export async function findWorkloadRule(
  db: Executor,
  rule: { project: string; id: string },
): Promise<StoredWorkloadRule | undefined> {
  const row = await rules(db)
    .where('workload_rules.id', '=', rule.id)
    .where('projects.name', '=', rule.project)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** As `findWorkloadRule`, held against other changes until the transaction ends. */
export async function lockWorkloadRule(
  tx: Transaction,
  rule: { project: string; id: string },
): Promise<StoredWorkloadRule | undefined> {
  const row = tx.selectFrom('workload_rules').select('id').where('id', '=', rule.id)
  await lockRows(tx, row, 'change').executeTakeFirst()
  return findWorkloadRule(tx, rule)
}

/** Of one project, and of one issuer in all projects. */
export async function countWorkloadRules(
  db: Executor,
  of: { projectId: number; issuer: string },
): Promise<{ inProject: number; ofIssuer: number }> {
  const count = db.selectFrom('workload_rules').select((eb) => eb.fn.countAll<number>().as('held'))
  const inProject = await count.where('project_id', '=', of.projectId).executeTakeFirstOrThrow()
  const ofIssuer = await count.where('issuer', '=', of.issuer).executeTakeFirstOrThrow()
  return { inProject: inProject.held, ofIssuer: ofIssuer.held }
}

/** `false` when the project has a rule of this name. */
export async function insertWorkloadRule(
  tx: Transaction,
  rule: StoredWorkloadRule,
): Promise<boolean> {
  const row = await tx
    .insertInto('workload_rules')
    .values({
      id: rule.id,
      project_id: rule.projectId,
      name: rule.name,
      ...toColumns(rule),
      last_used_at: rule.lastUsedAt,
      created_at: rule.createdAt,
      version: rule.version,
    })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Counts the version up. */
export async function updateWorkloadRule(
  tx: Transaction,
  id: string,
  change: WorkloadRuleChange,
): Promise<void> {
  await tx
    .updateTable('workload_rules')
    .set((eb) => ({ ...toColumns(change), version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

export async function removeWorkloadRule(tx: Transaction, id: string): Promise<void> {
  await tx.deleteFrom('workload_rules').where('id', '=', id).execute()
}

/** Bookkeeping only: neither the version nor the access epoch moves. */
export async function touchWorkloadRules(
  tx: Transaction,
  ids: readonly string[],
  lastUsedAt: string,
): Promise<void> {
  await tx
    .updateTable('workload_rules')
    .set({ last_used_at: lastUsedAt })
    .where('id', 'in', ids)
    .execute()
}

function toColumns(rule: WorkloadRuleChange) {
  return {
    issuer: rule.issuer,
    conditions: JSON.stringify(rule.conditions),
    actions: JSON.stringify(rule.actions),
    repositories: JSON.stringify(rule.repositories),
    allowed_addresses: rule.allowedAddresses && JSON.stringify(rule.allowedAddresses),
  }
}

/** What is in the columns was written by `toColumns`, so it has the right form. */
function fromRow(row: WorkloadRuleRow): StoredWorkloadRule {
  return {
    ...row,
    conditions: JSON.parse(row.conditions),
    actions: JSON.parse(row.actions),
    repositories: JSON.parse(row.repositories),
    allowedAddresses: row.allowedAddresses === null ? null : JSON.parse(row.allowedAddresses),
  }
}
