import type { Executor, Transaction } from './database.ts'

export type StoredIdentity = {
  readonly id: string
  readonly projectId: number
  /** Name of the project; `''` is the root. */
  readonly project: string
  readonly name: string
  readonly kind: 'key' | 'keyless' | 'notation'
  /** `TrustedIdentity` of the signing package as JSON. */
  readonly identity: string
  readonly createdAt: string
  readonly createdBy: string
}

const columns = [
  'trusted_identities.id',
  'trusted_identities.project_id as projectId',
  'projects.name as project',
  'trusted_identities.name',
  'trusted_identities.kind',
  'trusted_identities.identity',
  'trusted_identities.created_at as createdAt',
  'trusted_identities.created_by as createdBy',
] as const

/** What stands in these projects: the nearest project first, within one by name. */
export function identitiesOfProjects(
  db: Executor,
  projects: readonly string[],
): Promise<StoredIdentity[]> {
  return db
    .selectFrom('projects')
    .innerJoin('trusted_identities', 'trusted_identities.project_id', 'projects.id')
    .select(columns)
    .where('projects.name', 'in', projects)
    .orderBy('projects.name', 'desc')
    .orderBy('trusted_identities.name')
    .execute()
}

export async function countIdentities(db: Executor, projectId: number): Promise<number> {
  const { count } = await db
    .selectFrom('trusted_identities')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  return count
}

/** `false` when the project has one of this name. */
export async function insertIdentity(
  tx: Transaction,
  identity: Omit<StoredIdentity, 'project'>,
): Promise<boolean> {
  const result = await tx
    .insertInto('trusted_identities')
    .values({
      id: identity.id,
      project_id: identity.projectId,
      name: identity.name,
      kind: identity.kind,
      identity: identity.identity,
      created_at: identity.createdAt,
      created_by: identity.createdBy,
    })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** `false` when the project has none of this name. */
export async function deleteIdentity(
  tx: Transaction,
  projectId: number,
  name: string,
): Promise<boolean> {
  const result = await tx
    .deleteFrom('trusted_identities')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}
