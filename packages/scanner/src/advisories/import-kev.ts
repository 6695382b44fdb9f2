import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { AdvisoryImport, AdvisoryWriter, ImportOutcome } from './advisory-record.ts'
import { AdvisoryImportError } from './errors.ts'
import { momentOf } from './moment.ts'

type KevImportOptions = {
  /** The catalogue of https://www.cisa.gov/known-exploited-vulnerabilities-catalog as JSON or CSV. */
  readonly path: string
  readonly address?: string | undefined
  readonly etag?: string | undefined
}

/** Forty times what is published. */
const maximumBytes = 64 * 1024 ** 2

const catalogue = z.looseObject({
  dateReleased: z.string().max(100).optional(),
  vulnerabilities: z.array(z.unknown()).max(1_000_000),
})
const entry = z.looseObject({
  cveID: z.string().regex(/^CVE-\d{4}-\d{4,19}$/),
  dateAdded: z.iso.date(),
})

/**
 * CISA's list of vulnerabilities known to be exploited. Entries that cannot be read are left out and counted. Throws
 * `AdvisoryImportError` when the file is no such list.
 */
export function importKev(options: KevImportOptions): AdvisoryImport {
  return {
    source: 'kev',
    license: 'CC0-1.0',
    address: options.address,
    etag: options.etag,
    read: (writer) => readKev(options.path, writer),
  }
}

async function readKev(path: string, writer: AdvisoryWriter): Promise<ImportOutcome> {
  const text = await textOf(path)
  const { entries, releasedAt } = text.trimStart().startsWith('{')
    ? fromJson(path, text)
    : { entries: fromCsv(path, text), releasedAt: undefined }
  let unreadable = 0
  let newest = ''
  for (const one of entries) {
    const known = entry.safeParse(one)
    if (known.success) {
      writer.knownExploited(known.data.cveID, known.data.dateAdded)
      if (known.data.dateAdded > newest) newest = known.data.dateAdded
    } else {
      unreadable += 1
    }
  }
  return {
    builtAt: releasedAt ?? momentOf(newest) ?? (await stat(path)).mtime.toISOString(),
    leftOut: unreadable === 0 ? {} : { unreadable },
  }
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maximumBytes) {
      throw new AdvisoryImportError(`${path} has ${size} bytes, far more than the KEV list.`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof AdvisoryImportError) throw error
    throw new AdvisoryImportError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    )
  }
}

function fromJson(
  path: string,
  text: string,
): { entries: readonly unknown[]; releasedAt: string | undefined } {
  const parsed = catalogue.safeParse(json(path, text))
  if (!parsed.success) throw noList(path, 'it has no list "vulnerabilities"')
  return {
    entries: parsed.data.vulnerabilities,
    releasedAt: momentOf(parsed.data.dateReleased),
  }
}

function json(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw noList(path, error instanceof Error ? error.message : String(error))
  }
}

function fromCsv(path: string, text: string): readonly unknown[] {
  const rows = csvRows(text)
  const names = rows[0] ?? []
  const [cve, day] = [names.indexOf('cveID'), names.indexOf('dateAdded')]
  if (cve === -1 || day === -1) throw noList(path, 'it has no columns cveID and dateAdded')
  return rows.slice(1).map((row) => ({ cveID: row[cve], dateAdded: row[day] }))
}

/** RFC 4180: fields in quotes hold commas and line breaks. */
function csvRows(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === ',') continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

function noList(path: string, why: string): AdvisoryImportError {
  return new AdvisoryImportError(
    `${path} is no list of known exploited vulnerabilities: ${why}. Use CISA's JSON or CSV.`,
  )
}
