import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'

const intervalMs = 300_000

/**
 * Writes down that a credential was used, at most every five minutes. It changes nothing about who may do what, so no
 * cache is told, and a power cut may lose it.
 */
export async function recordUse(
  database: Database,
  credential: { readonly lastUsedAt: string | null },
  now: number,
  touch: (tx: Transaction, lastUsedAt: string) => Promise<void>,
): Promise<void> {
  const { lastUsedAt } = credential
  if (lastUsedAt !== null && now - Date.parse(lastUsedAt) < intervalMs) return
  try {
    await database.relaxedTransaction((tx) => touch(tx, new Date(now).toISOString()))
  } catch (error) {
    // A full disk stops pushes; it must not stop the logins that pulls need. The next use writes it down.
    if (!(error instanceof BerthError)) throw error
  }
}
