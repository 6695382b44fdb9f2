import type { Executor, Transaction } from './database.ts'

export type StoredSigningKey = {
  readonly id: string
  readonly projectId: number
  readonly name: string
  readonly algorithm: 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521'
  /** PEM. */
  readonly publicKey: string
  /** `null` once it is retired. */
  readonly sealedPrivateKey: Uint8Array | null
  readonly createdAt: string
  readonly createdBy: string
  readonly retiredAt: string | null
}

const columns = [
  'signing_keys.id',
  'signing_keys.project_id as projectId',
  'signing_keys.name',
  'signing_keys.algorithm',
  'signing_keys.public_key as publicKey',
  'signing_keys.sealed_private_key as sealedPrivateKey',
  'signing_keys.created_at as createdAt',
  'signing_keys.created_by as createdBy',
  'signing_keys.retired_at as retiredAt',
] as const

/** The keys of one project, by name. */
export function listSigningKeys(db: Executor, projectId: number): Promise<StoredSigningKey[]> {
  return db
    .selectFrom('signing_keys')
    .select(columns)
    .where('project_id', '=', projectId)
    .orderBy('name')
    .$castTo<StoredSigningKey>()
    .execute()
}

/** The key of this name in the nearest of the projects. */
export function findSigningKey(
  db: Executor,
  projects: readonly string[],
  name: string,
): Promise<(StoredSigningKey & { readonly project: string }) | undefined> {
  return db
    .selectFrom('projects')
    .innerJoin('signing_keys', 'signing_keys.project_id', 'projects.id')
    .select(columns)
    .select('projects.name as project')
    .where('projects.name', 'in', projects)
    .where('signing_keys.name', '=', name)
    .orderBy('projects.name', 'desc')
    .limit(1)
    .$castTo<StoredSigningKey & { project: string }>()
    .executeTakeFirst()
}

/** `false` when the project has one of this name, retired or not. */
export async function insertSigningKey(tx: Transaction, key: StoredSigningKey): Promise<boolean> {
  const result = await tx
    .insertInto('signing_keys')
    .values({
      id: key.id,
      project_id: key.projectId,
      name: key.name,
      algorithm: key.algorithm,
      public_key: key.publicKey,
      sealed_private_key: key.sealedPrivateKey,
      created_at: key.createdAt,
      created_by: key.createdBy,
      retired_at: key.retiredAt,
    })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Destroys the private half; `false` when there is no such key, or it is retired already. */
export async function retireSigningKey(
  tx: Transaction,
  projectId: number,
  name: string,
  now: string,
): Promise<boolean> {
  const result = await tx
    .updateTable('signing_keys')
    .set({ sealed_private_key: null, retired_at: now })
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .where('retired_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}
