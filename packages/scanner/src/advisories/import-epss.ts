import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import type { AdvisoryImport, AdvisoryWriter, ImportOutcome } from './advisory-record.ts'
import { AdvisoryImportError } from './errors.ts'
import { fileStart } from './file-start.ts'
import { momentOf } from './moment.ts'

type EpssImportOptions = {
  /** A daily file of https://www.first.org/epss/data_stats, `.csv` or `.csv.gz`. */
  readonly path: string
  readonly address?: string | undefined
  readonly etag?: string | undefined
  /** Without compression; by default 1 GiB, some fifty times what is published. */
  readonly maxBytes?: number | undefined
}

const header = /^cve,epss(?:,|$)/

/**
 * The probabilities of FIRST's EPSS. Lines that cannot be read are left out and counted. Throws `AdvisoryImportError` when
 * the file is no such data, is cut off or is too large.
 */
export function importEpss(options: EpssImportOptions): AdvisoryImport {
  return {
    source: 'epss',
    address: options.address,
    etag: options.etag,
    read: (writer, signal) => readEpss(options, writer, signal),
  }
}

async function readEpss(
  options: EpssImportOptions,
  writer: AdvisoryWriter,
  signal: AbortSignal | undefined,
): Promise<ImportOutcome> {
  const leftOut: Record<string, number> = {}
  let builtAt: string | undefined
  let isBody = false
  let count = 0
  for await (const line of linesOf(options, signal)) {
    if (isBody) {
      const row = rowOf(line)
      if (row !== undefined) writer.epss(row.cve, row.probability)
      else if (line !== '') leftOut['unreadable'] = (leftOut['unreadable'] ?? 0) + 1
    } else if (line.startsWith('#')) {
      builtAt ??= momentOf(/score_date:([0-9T:.Z+-]+)/.exec(line)?.[1])
    } else if (header.test(line)) {
      isBody = true
    } else {
      throw new AdvisoryImportError(
        `${options.path} is no EPSS data: the line "cve,epss,percentile" is missing. Use the daily csv.gz of FIRST.`,
      )
    }
    count += 1
    // Nothing here waits for anything: others must get their turn, the abort among them.
    if (count % 4096 === 0) await setImmediate()
  }
  return { builtAt: builtAt ?? (await modifiedAt(options.path)), leftOut }
}

/** `CVE-2024-3094,0.84987,0.99456`. */
function rowOf(line: string): { cve: string; probability: number } | undefined {
  const match = /^(CVE-\d{4}-\d{4,19}),([0-9]*\.?[0-9]+(?:e-?\d+)?)(?:,|$)/i.exec(line)
  const probability = Number(match?.[2])
  return match?.[1] !== undefined && probability >= 0 && probability <= 1
    ? { cve: match[1].toUpperCase(), probability }
    : undefined
}

async function* linesOf(
  { path, maxBytes = 1024 ** 3 }: EpssImportOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const isPacked = await startsWith(path, [0x1f, 0x8b])
  const file = createReadStream(path, { signal })
  const plain = isPacked ? file.pipe(createGunzip()) : file
  const failed = (error: Error): void => void plain.destroy(error)
  if (plain !== file) file.on('error', failed)
  let bytes = 0
  let rest = ''
  try {
    for await (const chunk of plain.setEncoding('latin1') as AsyncIterable<string>) {
      bytes += chunk.length
      if (bytes > maxBytes) {
        throw new AdvisoryImportError(
          `${path} holds more than ${maxBytes} bytes without compression, far more than EPSS data has.`,
        )
      }
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > 10_000) {
        throw new AdvisoryImportError(`${path} is no EPSS data: one of its lines does not end.`)
      }
      for (const line of lines) yield line.trimEnd()
    }
    yield rest.trimEnd()
  } catch (error) {
    if (error instanceof AdvisoryImportError || signal?.aborted === true) throw error
    throw new AdvisoryImportError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. Fetch it again.`,
      { cause: error },
    )
  } finally {
    file.destroy()
    plain.destroy()
  }
}

async function startsWith(path: string, magic: readonly number[]): Promise<boolean> {
  try {
    return (await fileStart(path, magic.length)).equals(Buffer.from(magic))
  } catch (error) {
    throw new AdvisoryImportError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    )
  }
}

async function modifiedAt(path: string): Promise<string> {
  return (await stat(path)).mtime.toISOString()
}
