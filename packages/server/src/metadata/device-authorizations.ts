import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type StoredDeviceAuthorization = {
  readonly deviceCodeHash: string
  readonly userCodeHash: string
  readonly clientName: string
  readonly address: string
  readonly addressBlock: string
  readonly userId: string | null
  readonly state: 'pending' | 'approved' | 'denied'
  readonly polledAt: string | null
  readonly intervalSeconds: number
  readonly expiresAt: string
}

const columns = [
  'device_code_hash as deviceCodeHash',
  'user_code_hash as userCodeHash',
  'client_name as clientName',
  'address',
  'address_block as addressBlock',
  'user_id as userId',
  'state',
  'polled_at as polledAt',
  'interval_seconds as intervalSeconds',
  'expires_at as expiresAt',
] as const

/** `false` when another one that is under way has the same user code. */
export async function insertDeviceAuthorization(
  tx: Transaction,
  authorization: StoredDeviceAuthorization,
): Promise<boolean> {
  const row = await tx
    .insertInto('device_authorizations')
    .values({
      device_code_hash: authorization.deviceCodeHash,
      user_code_hash: authorization.userCodeHash,
      client_name: authorization.clientName,
      address: authorization.address,
      address_block: authorization.addressBlock,
      user_id: authorization.userId,
      state: authorization.state,
      polled_at: authorization.polledAt,
      interval_seconds: authorization.intervalSeconds,
      expires_at: authorization.expiresAt,
    })
    .onConflict((conflict) => conflict.column('user_code_hash').doNothing())
    .returning('device_code_hash')
    .executeTakeFirst()
  return row !== undefined
}

/** How many there are, of everybody and of one block of addresses. */
export async function countDeviceAuthorizations(
  db: Executor,
  addressBlock: string,
): Promise<{ all: number; ofBlock: number }> {
  const { all, ofBlock } = await db
    .selectFrom('device_authorizations')
    .select((eb) => [
      eb.fn.countAll<number>().as('all'),
      eb.fn
        .count<number>(eb.case().when('address_block', '=', addressBlock).then(1).end())
        .as('ofBlock'),
    ])
    .executeTakeFirstOrThrow()
  return { all, ofBlock }
}

/** One that waits for somebody to approve it. */
export function findPendingByUserCode(
  db: Executor,
  userCodeHash: string,
  now: string,
): Promise<StoredDeviceAuthorization | undefined> {
  return db
    .selectFrom('device_authorizations')
    .select(columns)
    .where('user_code_hash', '=', userCodeHash)
    .where('state', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirst()
}

/** Settles one that still waits; `undefined` when there is none any more. */
export async function settleDeviceAuthorization(
  tx: Transaction,
  userCodeHash: string,
  change: { readonly state: 'approved' | 'denied'; readonly userId: string; readonly now: string },
): Promise<Pick<StoredDeviceAuthorization, 'clientName' | 'address'> | undefined> {
  return tx
    .updateTable('device_authorizations')
    .set({ state: change.state, user_id: change.userId })
    .where('user_code_hash', '=', userCodeHash)
    .where('state', '=', 'pending')
    .where('expires_at', '>', change.now)
    .returning(['client_name as clientName', 'address'])
    .executeTakeFirst()
}

/** Locked until the transaction ends: of two who ask at once, one sees what the other did. */
export function lockByDeviceCode(
  tx: Transaction,
  deviceCodeHash: string,
): Promise<StoredDeviceAuthorization | undefined> {
  const query = tx
    .selectFrom('device_authorizations')
    .select(columns)
    .where('device_code_hash', '=', deviceCodeHash)
  return lockRows(tx, query, 'change').executeTakeFirst()
}

export async function touchDeviceAuthorization(
  tx: Transaction,
  deviceCodeHash: string,
  change: { readonly polledAt: string; readonly intervalSeconds: number },
): Promise<void> {
  await tx
    .updateTable('device_authorizations')
    .set({ polled_at: change.polledAt, interval_seconds: change.intervalSeconds })
    .where('device_code_hash', '=', deviceCodeHash)
    .execute()
}

export async function removeDeviceAuthorization(
  tx: Transaction,
  deviceCodeHash: string,
): Promise<void> {
  await tx
    .deleteFrom('device_authorizations')
    .where('device_code_hash', '=', deviceCodeHash)
    .execute()
}

export async function removeExpiredDeviceAuthorizations(
  tx: Transaction,
  now: string,
): Promise<void> {
  await tx.deleteFrom('device_authorizations').where('expires_at', '<=', now).execute()
}
