import { stat } from 'node:fs/promises'
import { basename, dirname, extname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parse } from 'yaml'
import type { AdvisoryImport, AdvisoryWriter, ImportOutcome } from './advisory-record.ts'
import { AdvisoryImportError } from './errors.ts'
import { momentOf } from './moment.ts'
import { advisoryOfOsv } from './osv-advisory.ts'
import {
  defaultDocumentLimits,
  documentsOf,
  type Document,
  type DocumentLimits,
} from './osv-documents.ts'
import { osvRecord } from './osv-record.ts'

export type OsvImportOptions = {
  /** A zip archive as OSV exports them (`all.zip`), a folder with those below it, or one JSON file. */
  readonly path: string
  /** `osv/Debian`; by default after the archive's or folder's name. */
  readonly source?: string | undefined
  readonly license?: string | undefined
  readonly address?: string | undefined
  readonly etag?: string | undefined
  readonly limits?: Partial<DocumentLimits> | undefined
}

/**
 * Data in the OSV format, https://ossf.github.io/osv-schema/, from JSON or YAML files (YAML as the Python advisory
 * database keeps it). A record that cannot be read is left out and counted; the whole import fails when none can.
 */
export function importOsv(options: OsvImportOptions): AdvisoryImport {
  return {
    source: options.source ?? sourceOf(options.path),
    license: options.license,
    address: options.address,
    etag: options.etag,
    read: (writer, signal) => readOsv(options, writer, signal),
  }
}

/** `Debian.zip` and `Debian/all.zip` are both `osv/Debian`. */
function sourceOf(path: string): string {
  const name = basename(path, extname(path))
  return `osv/${name === 'all' ? basename(dirname(path)) : name}`
}

async function readOsv(
  options: OsvImportOptions,
  writer: AdvisoryWriter,
  signal: AbortSignal | undefined,
): Promise<ImportOutcome> {
  const limits = { ...defaultDocumentLimits, ...options.limits }
  const tally = new Tally()
  let count = 0
  for await (const document of documentsOf(options.path, limits, signal)) {
    readDocument(document, writer, tally)
    count += 1
    // Nothing here waits for anything: others must get their turn, the abort among them.
    if (count % 256 === 0) await setImmediate()
  }
  if (tally.taken === 0) {
    throw new AdvisoryImportError(
      `${options.path} holds no OSV record that can be used${tally.reasons()}. OSV exports are named all.zip, one folder for each ecosystem.`,
    )
  }
  return {
    builtAt: tally.newest ?? (await stat(options.path)).mtime.toISOString(),
    leftOut: tally.leftOut,
  }
}

class Tally {
  taken = 0
  newest: string | undefined
  readonly leftOut: Record<string, number> = {}
  readonly #now = new Date().toISOString()

  leave(reason: string): void {
    this.leftOut[reason] = (this.leftOut[reason] ?? 0) + 1
  }

  /** A date to come is a mistake, and would hide for ever that the data is old. */
  date(moment: string | undefined): void {
    if (moment === undefined || moment > this.#now) return
    if (this.newest === undefined || moment > this.newest) this.newest = moment
  }

  reasons(): string {
    const reasons = Object.entries(this.leftOut).map(([reason, count]) => `${count} ${reason}`)
    return reasons.length === 0 ? '' : ` (${reasons.join(', ')})`
  }
}

function readDocument(document: Document, writer: AdvisoryWriter, tally: Tally): void {
  if (document.text === undefined) return tally.leave('too large')
  const value = parsed(document.text, document.format)
  // Folders hold other YAML and JSON as well: a git tree has its settings.
  if (!looksLikeRecord(value)) return tally.leave('not OSV records')
  const record = osvRecord.safeParse(value)
  if (!record.success) return tally.leave('unreadable')
  tally.date(momentOf(record.data.modified))
  tally.date(momentOf(record.data.published))
  if (isWithdrawn(record.data.withdrawn)) return tally.leave('withdrawn')
  const { advisory, leftOut } = advisoryOfOsv(record.data)
  for (const reason of leftOut) tally.leave(`entries ${reason}`)
  if (advisory === undefined) return
  writer.advisory(advisory.record)
  for (const { vulnerability, score } of advisory.scores) writer.score(vulnerability, score)
  tally.taken += 1
}

function parsed(text: string, format: Document['format']): unknown {
  try {
    return format === 'json' ? JSON.parse(text) : parse(text, { maxAliasCount: 100 })
  } catch {
    return undefined
  }
}

function looksLikeRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'id' in value && 'affected' in value
}

function isWithdrawn(withdrawn: string | null | undefined): boolean {
  return typeof withdrawn === 'string' && withdrawn !== ''
}
