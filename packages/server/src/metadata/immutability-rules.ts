import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type Effect = 'immutable' | 'mutable'

export type StoredRule = {
  readonly id: string
  readonly projectId: number
  /** Among the rules of one project. */
  readonly position: number
  readonly effect: Effect
  /** Globs on whole names. */
  readonly repositories: string
  readonly tags: string
  readonly createdAt: string
  readonly version: number
}

const columns = [
  'immutability_rules.id',
  'immutability_rules.project_id as projectId',
  'immutability_rules.position',
  'immutability_rules.effect',
  'immutability_rules.repositories',
  'immutability_rules.tags',
  'immutability_rules.created_at as createdAt',
  'immutability_rules.version',
] as const

/** The rules of one project, in their order. */
export function listRules(db: Executor, projectId: number): Promise<StoredRule[]> {
  return db
    .selectFrom('immutability_rules')
    .select(columns)
    .where('project_id', '=', projectId)
    .orderBy('position')
    .orderBy('id')
    .execute()
}

/** The rules of all these projects in the order in which they are asked: nearest project first, within one by position. */
export function rulesOfProjects(
  db: Executor,
  projects: readonly string[],
): Promise<(StoredRule & { readonly project: string })[]> {
  return db
    .selectFrom('projects')
    .innerJoin('immutability_rules', 'immutability_rules.project_id', 'projects.id')
    .select(columns)
    .select('projects.name as project')
    .where('projects.name', 'in', projects)
    .orderBy('projects.name', 'desc')
    .orderBy('immutability_rules.position')
    .orderBy('immutability_rules.id')
    .execute()
}

export function lockRule(
  tx: Transaction,
  projectId: number,
  id: string,
): Promise<StoredRule | undefined> {
  return lockRows(
    tx,
    tx
      .selectFrom('immutability_rules')
      .select(columns)
      .where('id', '=', id)
      .where('project_id', '=', projectId),
    'change',
  ).executeTakeFirst()
}

export async function insertRule(tx: Transaction, rule: StoredRule): Promise<void> {
  await tx
    .insertInto('immutability_rules')
    .values({
      id: rule.id,
      project_id: rule.projectId,
      position: rule.position,
      effect: rule.effect,
      repositories: rule.repositories,
      tags: rule.tags,
      created_at: rule.createdAt,
      version: rule.version,
    })
    .execute()
}

/** Changes a rule and counts its version up. */
export async function updateRule(
  tx: Transaction,
  id: string,
  change: Pick<StoredRule, 'effect' | 'repositories' | 'tags'>,
): Promise<StoredRule> {
  return tx
    .updateTable('immutability_rules')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow()
}

/** Puts the rules of a project in the order of the ids, which are all of them. */
export async function orderRules(tx: Transaction, ids: readonly string[]): Promise<void> {
  for (const [position, id] of ids.entries()) {
    await tx.updateTable('immutability_rules').set({ position }).where('id', '=', id).execute()
  }
}

export async function deleteRule(tx: Transaction, id: string): Promise<void> {
  await tx.deleteFrom('immutability_rules').where('id', '=', id).execute()
}
