import type { RepositoryAction } from '../actor.ts'
import type { Database, Executor, Transaction } from './database.ts'

export type StoredApiKey = {
  readonly id: string
  readonly userId: string
  readonly userName: string
  /** ISO 8601; `null` while the user may log in. */
  readonly userDisabledAt: string | null
  readonly name: string
  readonly secretHash: string
  /** `null`: all that the user may. */
  readonly actions: readonly RepositoryAction[] | null
  /** Globs, as text; `null`: everywhere. */
  readonly repositories: readonly string[] | null
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly createdAt: string
}

type ApiKeyRow = Omit<StoredApiKey, 'actions' | 'repositories'> & {
  readonly actions: string | null
  readonly repositories: string | null
}

const columns = [
  'api_keys.id as id',
  'api_keys.user_id as userId',
  'users.name as userName',
  'users.disabled_at as userDisabledAt',
  'api_keys.name as name',
  'api_keys.secret_hash as secretHash',
  'api_keys.actions as actions',
  'api_keys.repositories as repositories',
  'api_keys.expires_at as expiresAt',
  'api_keys.last_used_at as lastUsedAt',
  'api_keys.created_at as createdAt',
] as const

const keys = (db: Executor) =>
  db.selectFrom('api_keys').innerJoin('users', 'users.id', 'api_keys.user_id').select(columns)

export async function findApiKeyById(db: Executor, id: string): Promise<StoredApiKey | undefined> {
  const row: ApiKeyRow | undefined = await keys(db).where('api_keys.id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

/** The read that every login with a key makes. */
export function prepareApiKeyByHash(
  database: Database,
): (secretHash: string) => Promise<StoredApiKey | undefined> {
  const read = database.prepare<{ secretHash: string }, ApiKeyRow>((db, p) =>
    keys(db).where('api_keys.secret_hash', '=', p('secretHash')),
  )
  return async (secretHash) => {
    const row = await read.first({ secretHash })
    return row && fromRow(row)
  }
}

/** A user's keys by name, after `after` in byte order. */
export async function listApiKeys(
  db: Executor,
  page: { userId: string; after: string; limit: number },
): Promise<StoredApiKey[]> {
  const rows: ApiKeyRow[] = await keys(db)
    .where('api_keys.user_id', '=', page.userId)
    .where('api_keys.name', '>', page.after)
    .orderBy('api_keys.name')
    .limit(page.limit)
    .execute()
  return rows.map(fromRow)
}

export async function findApiKey(
  db: Executor,
  key: { userId: string; id: string },
): Promise<StoredApiKey | undefined> {
  const row = await keys(db)
    .where('api_keys.id', '=', key.id)
    .where('api_keys.user_id', '=', key.userId)
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function countApiKeys(db: Executor, userId: string): Promise<number> {
  const { held } = await db
    .selectFrom('api_keys')
    .select((eb) => eb.fn.countAll<number>().as('held'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  return held
}

/** `false` when the user has a key of this name. */
export async function insertApiKey(
  tx: Transaction,
  key: Omit<StoredApiKey, 'userName' | 'userDisabledAt'>,
): Promise<boolean> {
  const row = await tx
    .insertInto('api_keys')
    .values({
      id: key.id,
      user_id: key.userId,
      name: key.name,
      secret_hash: key.secretHash,
      actions: key.actions && JSON.stringify(key.actions),
      repositories: key.repositories && JSON.stringify(key.repositories),
      expires_at: key.expiresAt,
      last_used_at: key.lastUsedAt,
      created_at: key.createdAt,
    })
    .onConflict((conflict) => conflict.columns(['user_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function removeApiKey(tx: Transaction, id: string): Promise<void> {
  await tx.deleteFrom('api_keys').where('id', '=', id).execute()
}

/** Bookkeeping only: the access epoch stays. */
export async function touchApiKey(tx: Transaction, id: string, lastUsedAt: string): Promise<void> {
  await tx.updateTable('api_keys').set({ last_used_at: lastUsedAt }).where('id', '=', id).execute()
}

/** What is in the columns was written by `insertApiKey`, so it has the right form. */
function fromRow(row: ApiKeyRow): StoredApiKey {
  return {
    ...row,
    actions: row.actions === null ? null : JSON.parse(row.actions),
    repositories: row.repositories === null ? null : JSON.parse(row.repositories),
  }
}
