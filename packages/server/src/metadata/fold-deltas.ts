import { setTimeout as wait } from 'node:timers/promises'
import type { Database, Transaction } from './database.ts'

/** Small, so that the single writer of SQLite is not held for long. */
const deltasPerTransaction = 500

/**
 * Folds deltas into their totals, a transaction for each portion; returns how many. `foldSome` folds as many as it is told
 * at most, and returns how many there were. Stops early, between two transactions, when `options.signal` says so.
 */
export async function foldDeltas(
  database: Database,
  foldSome: (tx: Transaction, limit: number) => Promise<number>,
  options: { signal?: AbortSignal } = {},
): Promise<number> {
  let folded = 0
  while (!options.signal?.aborted) {
    const count = await database.yieldingTransaction((tx) => foldSome(tx, deltasPerTransaction))
    folded += count ?? 0
    if (count !== deltasPerTransaction) break
    // Requests come first.
    await wait(1)
  }
  return folded
}
