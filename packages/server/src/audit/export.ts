import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { csvHeader, csvLine, type ExportedEntry, jsonLine } from './entry-line.ts'
import type { AuditFilter, AuditLog } from './log.ts'

export type ExportFormat = 'jsonl' | 'csv'

export const exportMediaTypes: Readonly<Record<ExportFormat, string>> = {
  jsonl: 'application/jsonl; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
}

/**
 * The entries as text, oldest first. A portion is read when the reader has taken the one before, so a slow client costs
 * no memory. `mayRead` leaves entries away by their project.
 */
export function exportEntries(
  log: AuditLog,
  filter: AuditFilter,
  options: { format: ExportFormat; mayRead?: (project: string) => Promise<boolean> },
): Readable {
  return Readable.from(texts(log, filter, options), { objectMode: false, highWaterMark: 64 * 1024 })
}

async function* texts(
  log: AuditLog,
  filter: AuditFilter,
  options: { format: ExportFormat; mayRead?: (project: string) => Promise<boolean> },
): AsyncGenerator<string> {
  if (options.format === 'csv') yield csvHeader
  for await (const portion of log.portions(filter)) {
    const entries = options.mayRead ? await only(portion, options.mayRead) : portion
    const text =
      options.format === 'csv'
        ? entries.map(csvLine).join('')
        : entries.map((entry) => `${jsonLine(entry)}\n`).join('')
    if (text !== '') yield text
    await turn()
  }
}

async function only(
  entries: readonly ExportedEntry[],
  mayRead: (project: string) => Promise<boolean>,
): Promise<ExportedEntry[]> {
  const allowed: ExportedEntry[] = []
  for (const entry of entries) if (await mayRead(entry.project)) allowed.push(entry)
  return allowed
}
