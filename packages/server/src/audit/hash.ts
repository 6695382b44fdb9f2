import { createHash } from 'node:crypto'
import type { AuditEntry } from '../metadata/audit-entries.ts'
import type { ChainPlace } from '../metadata/audit-state.ts'

/** Before the first entry. */
export const genesis: ChainPlace = { position: 0, hash: '0'.repeat(64) }

/** Told apart from any later way to write an entry down. */
const form = 'berth-audit-1'

/**
 * The hash of an entry at its place: SHA-256, in lower-case hex, of the JSON text in UTF-8 of the array below, as
 * RFC 8785 (JSON Canonicalization) writes it: no spaces, and only those characters escaped that must be. Every column is
 * in it and the hash before, so no entry can be changed, moved, taken out or put in between without changing all hashes
 * that follow. `docs/guides/audit.md` describes it for those who check an export with a program of their own.
 */
export function hashEntry(previousHash: string, position: number, entry: AuditEntry): string {
  const text = JSON.stringify([
    form,
    previousHash,
    position,
    entry.id,
    entry.at,
    entry.actor_kind,
    entry.actor_id,
    entry.actor_name,
    entry.action,
    entry.target_kind,
    entry.target,
    entry.project,
    entry.outcome,
    entry.address,
    entry.request_id,
    entry.before,
    entry.after,
  ])
  return createHash('sha256').update(text).digest('hex')
}
