import type { ChainPlace } from '../metadata/audit-state.ts'
import { BerthError } from '../errors.ts'
import { ChainPieces } from './chain-pieces.ts'
import { type ExportedEntry, exportColumns } from './entry-line.ts'
import { hashEntry } from './hash.ts'

/** The first thing that is wrong with an export. */
type FileFault = {
  /** The line, from 1; `undefined` when it is what the file lacks. */
  readonly line: number | undefined
  readonly position: number | undefined
  readonly check: 'altered' | 'missing' | 'expected'
}

export type FileReport = {
  readonly fault: FileFault | undefined
  readonly verified: number
  /** Entries that were not sealed yet when they were exported: nothing can be said about them. */
  readonly unsealed: number
  readonly first: number | undefined
  readonly last: number | undefined
  /** Positions between them that the file does not hold. */
  readonly absent: number
}

const lineMax = 256 * 1024

/**
 * Checks an export of JSON lines without any database: each line by itself, and each against its neighbours. Positions
 * that the file lacks are a fault unless `partial` says that it was filtered. `expected` as for `AuditVerification`.
 * Throws `requestInvalid` for a line that is no entry.
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  options: { partial: boolean; expected?: ChainPlace },
): Promise<FileReport> {
  const pieces = new ChainPieces()
  let verified = 0
  let unsealed = 0
  let line = 0
  let hasExpected = options.expected === undefined
  const report = (fault: FileFault | undefined): FileReport => ({
    fault,
    verified,
    unsealed,
    first: pieces.first?.first,
    last: pieces.last?.last,
    absent: pieces.gaps().count,
  })
  for await (const text of lines) {
    line += 1
    if (text === '') continue
    const entry = parseLine(text, line)
    const { position, hash, previous_hash: previousHash } = entry
    if (position === null && hash === null) {
      unsealed += 1
      continue
    }
    const faultHere = (check: FileFault['check']) =>
      report({ line, position: position ?? undefined, check })
    if (position === null || hash === null || previousHash === null) return faultHere('altered')
    if (hashEntry(previousHash, position, entry) !== hash) return faultHere('altered')
    if (!pieces.add({ position, previousHash, hash })) return faultHere('altered')
    if (options.expected?.position === position) {
      if (options.expected.hash !== hash) return faultHere('expected')
      hasExpected = true
    }
    verified += 1
  }
  const gaps = pieces.gaps()
  if (gaps.first !== undefined && !options.partial)
    return report({ line: undefined, position: gaps.first, check: 'missing' })
  if (!hasExpected)
    return report({ line: undefined, position: options.expected?.position, check: 'missing' })
  return report(undefined)
}

function parseLine(text: string, line: number): ExportedEntry {
  const refuse = (why: string): never => {
    throw new BerthError('requestInvalid', `Line ${line} is no entry of an audit export: ${why}.`, {
      details: [{ line, rule: 'entry', reason: why }],
    })
  }
  if (text.length > lineMax) return refuse(`it has more than ${lineMax} characters`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('it is not JSON')
  }
  if (typeof value !== 'object' || value === null) return refuse('it is not an object')
  const names = new Set(Object.keys(value))
  const entry: Record<string, unknown> = {}
  for (const [name, key] of exportColumns) {
    if (!names.delete(name)) return refuse(`it has no ${name}`)
    const field: unknown = Reflect.get(value, name)
    const isNumber = name === 'position' || name === 'id'
    if (field === null ? !nullable.has(name) : typeof field !== (isNumber ? 'number' : 'string'))
      return refuse(`its ${name} is not what it should be`)
    if (isNumber && field !== null && !Number.isSafeInteger(field))
      return refuse(`its ${name} is not a whole number`)
    entry[key] = field
  }
  if (names.size > 0) return refuse(`nothing is known of ${[...names][0]}`)
  return entry as ExportedEntry
}

const nullable = new Set<string>(['position', 'hash', 'previousHash', 'before', 'after'])
