import { Unreadable } from '../detector.ts'

/** POSIX ustar, pax and GNU tar all count in these. */
export const blockSize = 512

/** The fixed header of an entry, before pax and GNU records change it. */
export type TarHeader = {
  readonly name: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970. */
  readonly mtime: number
  readonly size: number
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `5` directory, `x` pax, `L` GNU long name, `S` sparse. */
  readonly flag: string
  readonly link: string
  /** GNU's old sparse format: more blocks of the map follow the header. */
  readonly isExtended: boolean
}

/** What a pax record changes in the entry after it. */
export type PaxRecords = {
  path?: string
  link?: string
  size?: number
  uid?: number
  gid?: number
  mtime?: number
  isSparse?: true
}

/**
 * One header block (POSIX.1-1988 ustar, GNU tar). `undefined` for a block of zeros, which ends an archive. Throws
 * `Unreadable` when the checksum does not fit.
 */
export function readTarHeader(block: Buffer, position: number): TarHeader | undefined {
  let sum = 256
  for (let at = 0; at < 148; at += 1) sum += block[at] ?? 0
  for (let at = 156; at < blockSize; at += 1) sum += block[at] ?? 0
  if (sum === 256 && block.every((byte) => byte === 0)) return undefined
  if (readNumber(block, 148, 8) !== sum && signedSum(block) !== readNumber(block, 148, 8))
    throw new Unreadable(`the tar header at byte ${position} is broken: its checksum does not fit`)
  const isUstar = block.toString('latin1', 257, 262) === 'ustar'
  const isGnu = isUstar && block.toString('latin1', 262, 264) === ' \0'
  const name = readText(block, 0, 100)
  const prefix = isUstar && !isGnu ? readText(block, 345, 155) : ''
  const size = readNumber(block, 124, 12)
  if (!Number.isSafeInteger(size) || size < 0)
    throw new Unreadable(`the tar header at byte ${position} is broken: it has no possible size`)
  const flag = String.fromCodePoint(block[156] ?? 0)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: readNumber(block, 100, 8),
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    mtime: readNumber(block, 136, 12),
    size,
    flag: flag === '\0' ? '0' : flag,
    link: readText(block, 157, 100),
    isExtended: flag === 'S' && block[482] !== 0,
  }
}

/** The records of a pax header: `length key=value` and a new line each. Throws `Unreadable` when they are broken. */
export function readPaxRecords(body: Buffer): PaxRecords {
  const records: PaxRecords = {}
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const space = body.indexOf(0x20, at)
    const length =
      space === -1 || space - at > 10 ? Number.NaN : Number(body.toString('latin1', at, space))
    if (!Number.isSafeInteger(length) || length < space - at + 3 || at + length > body.length)
      throw new Unreadable('a pax header is broken: the length of a record does not fit')
    const record = body.toString('utf8', space + 1, at + length - 1)
    const equals = record.indexOf('=')
    if (equals === -1) throw new Unreadable('a pax header is broken: a record has no value')
    apply(records, record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}

function apply(records: PaxRecords, key: string, value: string): void {
  // A sparse file's own name; `path` holds a made-up one then.
  if (key === 'GNU.sparse.name') records.path = value
  else if (key === 'path' && records.isSparse === undefined) records.path = value
  else if (key === 'linkpath') records.link = value
  else if (key === 'size') records.size = sizeOf(value)
  else if (key === 'uid' || key === 'gid' || key === 'mtime') {
    // Only shown: what is no number is left as the header has it.
    const number = Math.trunc(Number(value))
    if (Number.isSafeInteger(number)) records[key] = number
  }
  if (key.startsWith('GNU.sparse.')) records.isSparse = true
}

function sizeOf(value: string): number {
  if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value)))
    throw new Unreadable('a pax header is broken: it has no possible size')
  return Number(value)
}

function readText(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start)
  return block.toString('utf8', start, end === -1 || end > start + length ? start + length : end)
}

/** Octal digits, or GNU's base 256 for what is too large for them. */
function readNumber(block: Buffer, start: number, length: number): number {
  if (((block[start] ?? 0) & 0x80) !== 0) {
    let value = (block[start] ?? 0) & 0x7f
    for (let at = start + 1; at < start + length; at += 1) value = value * 256 + (block[at] ?? 0)
    return value
  }
  let value = 0
  for (let at = start; at < start + length; at += 1) {
    const byte = block[at] ?? 0
    if (byte === 0x20 && value === 0) continue
    if (byte < 0x30 || byte > 0x37) break
    value = value * 8 + byte - 0x30
  }
  return value
}

/** Some old programs added up signed bytes. */
function signedSum(block: Buffer): number {
  let sum = 256
  for (let at = 0; at < blockSize; at += 1) if (at < 148 || at >= 156) sum += block.readInt8(at)
  return sum
}
