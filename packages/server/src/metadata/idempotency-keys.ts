import type { Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

type StoredIdempotencyKey = {
  /** SHA-256 of the request that the key was first used with, in hex. */
  requestHash: string
  /** `null` while that request is under way. */
  status: number | null
  /** JSON; `null` when the answer is not kept. */
  headers: string | null
  body: string | null
  expiresAt: string
}

/** Takes the key for a request, unless it is taken; returns whether it was free. */
export async function insertIdempotencyKey(
  tx: Transaction,
  key: { actorId: string; key: string; requestHash: string; expiresAt: string },
): Promise<boolean> {
  const result = await tx
    .insertInto('idempotency_keys')
    .values({
      actor_id: key.actorId,
      key: key.key,
      request_hash: key.requestHash,
      status: null,
      headers: null,
      body: null,
      expires_at: key.expiresAt,
    })
    .onConflict((conflict) => conflict.columns(['actor_id', 'key']).doNothing())
    .executeTakeFirst()
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0
}

/** The key as it stands, held until the transaction ends. */
export async function findIdempotencyKey(
  tx: Transaction,
  actorId: string,
  key: string,
): Promise<StoredIdempotencyKey | undefined> {
  const query = tx
    .selectFrom('idempotency_keys')
    .select(['request_hash as requestHash', 'status', 'headers', 'body', 'expires_at as expiresAt'])
    .where('actor_id', '=', actorId)
    .where('key', '=', key)
  return lockRows(tx, query, 'change').executeTakeFirst()
}

/** Keeps the answer with its key. Does nothing when the key is gone. */
export async function storeIdempotentAnswer(
  tx: Transaction,
  actorId: string,
  key: string,
  answer: { status: number; headers: string | null; body: string | null; expiresAt: string },
): Promise<void> {
  await tx
    .updateTable('idempotency_keys')
    .set({
      status: answer.status,
      headers: answer.headers,
      body: answer.body,
      expires_at: answer.expiresAt,
    })
    .where('actor_id', '=', actorId)
    .where('key', '=', key)
    .execute()
}

export async function removeIdempotencyKey(
  tx: Transaction,
  actorId: string,
  key: string,
): Promise<void> {
  await tx
    .deleteFrom('idempotency_keys')
    .where('actor_id', '=', actorId)
    .where('key', '=', key)
    .execute()
}

/** Removes an actor's keys beyond `keep`, those that expire first. */
export async function trimIdempotencyKeys(
  tx: Transaction,
  actorId: string,
  keep: number,
): Promise<void> {
  const { held } = await tx
    .selectFrom('idempotency_keys')
    .select((eb) => eb.fn.countAll<number>().as('held'))
    .where('actor_id', '=', actorId)
    .executeTakeFirstOrThrow()
  const surplus = held - keep
  if (surplus <= 0) return
  const surplusKeys = await tx
    .selectFrom('idempotency_keys')
    .select('key')
    .where('actor_id', '=', actorId)
    .where('status', 'is not', null)
    .orderBy('expires_at')
    .orderBy('key')
    .limit(surplus)
    .execute()
  for (const { key } of surplusKeys) await removeIdempotencyKey(tx, actorId, key)
}

/** Removes keys that expired by `now`, at most `limit`; returns how many there were. */
export async function removeExpiredIdempotencyKeys(
  tx: Transaction,
  now: string,
  limit: number,
): Promise<number> {
  const expired = await tx
    .selectFrom('idempotency_keys')
    .select(['actor_id', 'key'])
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  for (const row of expired) await removeIdempotencyKey(tx, row.actor_id, row.key)
  return expired.length
}
