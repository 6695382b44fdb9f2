import type { AuditEntry } from '../metadata/audit-entries.ts'

/** An entry with the hash of the one before, so that a line of an export can be checked by itself. */
export type ExportedEntry = AuditEntry & { readonly previous_hash: string | null }

/** The columns of an export, in their order. `before` and `after` are JSON texts as they were hashed. */
export const exportColumns = [
  ['position', 'position'],
  ['previousHash', 'previous_hash'],
  ['hash', 'hash'],
  ['id', 'id'],
  ['at', 'at'],
  ['actorKind', 'actor_kind'],
  ['actorId', 'actor_id'],
  ['actorName', 'actor_name'],
  ['action', 'action'],
  ['targetKind', 'target_kind'],
  ['target', 'target'],
  ['project', 'project'],
  ['outcome', 'outcome'],
  ['address', 'address'],
  ['requestId', 'request_id'],
  ['before', 'before'],
  ['after', 'after'],
] as const satisfies readonly (readonly [string, keyof ExportedEntry])[]

/** One line of JSON, without the end of the line. */
export function jsonLine(entry: ExportedEntry): string {
  return JSON.stringify(Object.fromEntries(exportColumns.map(([name, key]) => [name, entry[key]])))
}

export const csvHeader = `${exportColumns.map(([name]) => name).join(',')}\r\n`

/** One record of RFC 4180 with its line end. */
export function csvLine(entry: ExportedEntry): string {
  return `${exportColumns.map(([, key]) => csvCell(entry[key])).join(',')}\r\n`
}

/**
 * Spreadsheets take a cell that begins with one of these for a formula, quoted or not; an apostrophe before it makes it
 * text (OWASP, CSV injection). The wide forms of these signs count as well. A number of ours is never one: it is not negative.
 */
function csvCell(value: string | number | null): string {
  const text = String(value ?? '')
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe
}
