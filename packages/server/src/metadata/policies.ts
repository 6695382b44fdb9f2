import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type StoredPolicy = {
  readonly projectId: number
  readonly document: string
  /** JSON. */
  readonly rules: string
  readonly version: number
  readonly updatedAt: string
  readonly updatedBy: string
}

const columns = [
  'policies.project_id as projectId',
  'policies.document',
  'policies.rules',
  'policies.version',
  'policies.updated_at as updatedAt',
  'policies.updated_by as updatedBy',
] as const

/** Read it before what it stands for: what is read after it can only be newer. */
export async function readPolicyEpoch(db: Executor): Promise<number> {
  const row = await db
    .selectFrom('policy_epoch')
    .select('value')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  return row.value
}

export function findPolicy(db: Executor, projectId: number): Promise<StoredPolicy | undefined> {
  return db
    .selectFrom('policies')
    .select(columns)
    .where('project_id', '=', projectId)
    .executeTakeFirst()
}

export function lockPolicy(tx: Transaction, projectId: number): Promise<StoredPolicy | undefined> {
  return lockRows(
    tx,
    tx.selectFrom('policies').select(columns).where('project_id', '=', projectId),
    'change',
  ).executeTakeFirst()
}

/** Every policy of the instance with the name of its project, by that name. */
export function allPolicies(
  db: Executor,
): Promise<{ projectId: number; project: string; rules: string; version: number }[]> {
  return db
    .selectFrom('policies')
    .innerJoin('projects', 'projects.id', 'policies.project_id')
    .select([
      'policies.project_id as projectId',
      'projects.name as project',
      'policies.rules',
      'policies.version',
    ])
    .orderBy('projects.name')
    .execute()
}

/** Policies by the name of their project, those after `after`, which may be `undefined` for the first page. */
export function pageOfPolicies(
  db: Executor,
  query: { after: string | undefined; limit: number },
): Promise<(StoredPolicy & { project: string })[]> {
  return db
    .selectFrom('policies')
    .innerJoin('projects', 'projects.id', 'policies.project_id')
    .select(columns)
    .select('projects.name as project')
    .$if(query.after !== undefined, (select) =>
      select.where('projects.name', '>', query.after ?? ''),
    )
    .orderBy('projects.name')
    .limit(query.limit)
    .execute()
}

export async function putPolicy(tx: Transaction, policy: StoredPolicy): Promise<void> {
  const values = {
    document: policy.document,
    rules: policy.rules,
    version: policy.version,
    updated_at: policy.updatedAt,
    updated_by: policy.updatedBy,
  }
  await tx
    .insertInto('policies')
    .values({ project_id: policy.projectId, ...values })
    .onConflict((conflict) => conflict.column('project_id').doUpdateSet(values))
    .execute()
}

export async function removePolicy(tx: Transaction, projectId: number): Promise<void> {
  await tx.deleteFrom('policies').where('project_id', '=', projectId).execute()
}
