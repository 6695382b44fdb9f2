import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

/** A place in the chain: how far something has come. */
export type ChainPlace = { readonly position: number; readonly hash: string }

/** `chain`: what was sealed last. `retention`: what was removed last. `forward:…`: what that target took last. */
export type PlaceName = 'chain' | 'retention' | `forward:${string}`

export async function readPlace(db: Executor, name: PlaceName): Promise<ChainPlace | undefined> {
  return db
    .selectFrom('audit_state')
    .select(['position', 'hash'])
    .where('name', '=', name)
    .executeTakeFirst()
}

/** The place, made with `first` when there is none; nobody else reads it like this until the transaction ends. */
export async function lockPlace(
  tx: Transaction,
  name: PlaceName,
  first: ChainPlace,
  now: string,
): Promise<ChainPlace> {
  await tx
    .insertInto('audit_state')
    .values({ name, ...first, updated_at: now })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return lockRows(
    tx,
    tx.selectFrom('audit_state').select(['position', 'hash']).where('name', '=', name),
    'change',
  ).executeTakeFirstOrThrow()
}

/** Moves a place that `lockPlace` holds. */
export async function movePlace(
  tx: Transaction,
  name: PlaceName,
  place: ChainPlace,
  now: string,
): Promise<void> {
  await tx
    .updateTable('audit_state')
    .set({ ...place, updated_at: now })
    .where('name', '=', name)
    .execute()
}

/** Every place there is. */
export function listPlaces(db: Executor): Promise<(ChainPlace & { name: string })[]> {
  return db.selectFrom('audit_state').select(['name', 'position', 'hash']).execute()
}

/**
 * Takes the place for one process, or answers `undefined` while another has it. Nothing is locked meanwhile: a lease
 * that is not given back in time falls to whoever comes next.
 */
export async function leasePlace(
  tx: Transaction,
  name: PlaceName,
  lease: { first: ChainPlace; owner: string; now: string; until: string },
): Promise<ChainPlace | undefined> {
  await tx
    .insertInto('audit_state')
    .values({ name, ...lease.first, updated_at: lease.now })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return tx
    .updateTable('audit_state')
    .set({ lease_owner: lease.owner, lease_until: lease.until })
    .where('name', '=', name)
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', lease.now)]))
    .returning(['position', 'hash'])
    .executeTakeFirst()
}

/** Gives a leased place back, moved or not. Does nothing when somebody else has it by now. */
export async function returnPlace(
  tx: Transaction,
  name: PlaceName,
  lease: { owner: string; now: string; place: ChainPlace },
): Promise<void> {
  await tx
    .updateTable('audit_state')
    .set({ ...lease.place, updated_at: lease.now, lease_owner: null, lease_until: null })
    .where('name', '=', name)
    .where('lease_owner', '=', lease.owner)
    .execute()
}
