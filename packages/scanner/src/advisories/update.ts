import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AdvisoryData } from '../finding.ts'
import type { AdvisoryImport } from './advisory-record.ts'
import { buildAdvisories, type BuildOptions, type BuildResult } from './builder.ts'
import { AdvisoryDatabaseError, AdvisoryImportError } from './errors.ts'
import { openChecked } from './open-file.ts'
import { readData } from './data.ts'
import type { UpdateSource } from './update-sources.ts'

export type UpdateOptions = BuildOptions & {
  readonly sources: readonly UpdateSource[]
  readonly fetch: typeof fetch
  /** Of one download; 4 GiB by default. */
  readonly maxBytes?: number | undefined
  /** After the first try of each download; 3 by default. */
  readonly retries?: number | undefined
  /** Before the first retry, doubled each time; 2,000 by default. */
  readonly retryDelayMs?: number | undefined
  /** Of one try; half an hour by default. */
  readonly timeoutMs?: number | undefined
}

type UpdateResult = {
  /** What is in force now; `null` when there still is nothing. */
  readonly data: AdvisoryData | null
  readonly sources: readonly SourceOutcome[]
}

type SourceOutcome =
  | ({ readonly state: 'updated' } & BuildResult['imports'][number])
  | { readonly state: 'unchanged'; readonly source: string }
  | { readonly state: 'failed'; readonly source: string; readonly message: string }

/**
 * Fetches each source that has changed since it was imported, and builds one new database from all of them together. A
 * source that cannot be fetched keeps the data it had and does not hinder the others; one whose data cannot be read
 * neither. Throws `AdvisoryImportError` when not a single source could be reached or read, and `AdvisoryDatabaseError`
 * as `buildAdvisories` does.
 */
export async function updateAdvisories(
  file: string,
  options: UpdateOptions,
): Promise<UpdateResult> {
  const folder = `${file}.${randomUUID()}.fetched`
  await makeFolder(folder)
  try {
    const former = formerStates(file)
    const outcomes = new Map<string, SourceOutcome>()
    const imports: AdvisoryImport[] = []
    for (const source of options.sources) {
      const fetched = await fetchSource(source, former, folder, options)
      if ('state' in fetched) outcomes.set(source.name, fetched)
      else imports.push(fetched)
    }
    const data = await buildWhatCan(file, imports, outcomes, options)
    const sources = options.sources.flatMap(({ name }) => outcomes.get(name) ?? [])
    const failed = sources.flatMap((one) => (one.state === 'failed' ? one.message : []))
    if (failed.length > 0 && failed.length === sources.length) {
      throw new AdvisoryImportError(`No source of advisories could be updated. ${failed.join(' ')}`)
    }
    return { data, sources }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    throw new AdvisoryDatabaseError(
      `${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}. The folder of the database must be there and writable.`,
      { cause: error },
    )
  }
}

type FormerState = { readonly address: string | null; readonly etag: string | null }

function formerStates(file: string): ReadonlyMap<string, FormerState> {
  const database = openIfThere(file)
  if (database === undefined) return new Map()
  try {
    const rows = database.prepare('SELECT name, address, etag FROM source').all()
    return new Map(
      rows.map((row) => [
        String(row['name']),
        { address: textOf(row['address']), etag: textOf(row['etag']) },
      ]),
    )
  } finally {
    database.close()
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** `undefined` when there is none yet; a broken one is an error, not a reason to begin anew. */
function openIfThere(file: string): ReturnType<typeof openChecked> | undefined {
  try {
    return openChecked(file)
  } catch (error) {
    const isMissing =
      error instanceof AdvisoryDatabaseError &&
      error.cause instanceof Error &&
      'code' in error.cause &&
      error.cause.code === 'ENOENT'
    if (isMissing) return undefined
    throw error
  }
}

async function fetchSource(
  source: UpdateSource,
  former: ReadonlyMap<string, FormerState>,
  folder: string,
  options: UpdateOptions,
): Promise<AdvisoryImport | SourceOutcome> {
  const known = former.get(source.name)
  const etag = known?.address === source.address ? (known.etag ?? undefined) : undefined
  try {
    const fetched = await source.fetch(join(folder, randomUUID()), {
      fetch: options.fetch,
      signal: options.signal,
      etag,
      maxBytes: options.maxBytes ?? 4 * 1024 ** 3,
      retries: options.retries ?? 3,
      retryDelayMs: options.retryDelayMs ?? 2000,
      timeoutMs: options.timeoutMs ?? 30 * 60_000,
    })
    return fetched === 'unchanged' ? { state: 'unchanged', source: source.name } : fetched
  } catch (error) {
    return failure(source.name, error, options.signal)
  }
}

/** All together; when the data of one cannot be read, once more without it. */
async function buildWhatCan(
  file: string,
  imports: readonly AdvisoryImport[],
  outcomes: Map<string, SourceOutcome>,
  options: UpdateOptions,
): Promise<AdvisoryData | null> {
  let left = imports
  while (left.length > 0) {
    let current: string | undefined
    const watched = left.map(
      (one): AdvisoryImport => ({
        ...one,
        read(writer, signal) {
          current = one.source
          return one.read(writer, signal)
        },
      }),
    )
    try {
      const built = await buildAdvisories(file, watched, options)
      for (const one of built.imports) outcomes.set(one.source, { state: 'updated', ...one })
      return built.data
    } catch (error) {
      if (current === undefined || !(error instanceof AdvisoryImportError)) throw error
      outcomes.set(current, failure(current, error, options.signal))
      left = left.filter(({ source }) => source !== current)
    }
  }
  const database = openIfThere(file)
  if (database === undefined) return null
  try {
    return readData(database)
  } finally {
    database.close()
  }
}

function failure(
  source: string,
  error: unknown,
  signal: AbortSignal | undefined,
): SourceOutcome & { state: 'failed' } {
  signal?.throwIfAborted()
  if (!(error instanceof AdvisoryImportError)) throw error
  return { state: 'failed', source, message: error.message }
}
