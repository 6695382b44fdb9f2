export const blockBytes = 512

/** One header block. `size` in bytes; `typeFlag` is the character, `0` for a file. */
export type TarHeader = {
  readonly name: string
  readonly size: number
  readonly typeFlag: string
  readonly linkName: string
}

const decoder = new TextDecoder()

/** Reads a block; `undefined` when it is all zeros, which is the end. Throws `RangeError` when it is no header. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (checksum(block) !== octal(block, 148, 8)) throw new RangeError('a checksum is wrong')
  const isPosix = block.toString('latin1', 257, 262) === 'ustar'
  // GNU writes other things where POSIX has the prefix.
  const prefix = isPosix && block[263] === 0x30 ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: number(block, 124, 12),
    typeFlag: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    linkName: text(block, 157, 100),
  }
}

/** Reads the records of a pax header: `27 path=some/long/name\n`. Throws `RangeError`. */
export function parsePaxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = space === -1 ? Number.NaN : Number(bytes.toString('latin1', at, space))
    const end = at + length
    if (
      !Number.isInteger(length) ||
      end <= space ||
      end > bytes.length ||
      bytes[end - 1] !== 0x0a
    ) {
      throw new RangeError('a pax record is wrong')
    }
    const record = decoder.decode(bytes.subarray(space + 1, end - 1))
    const equals = record.indexOf('=')
    if (equals === -1) throw new RangeError('a pax record is wrong')
    records.set(record.slice(0, equals), record.slice(equals + 1))
    at = end
  }
  return records
}

/** A header block of a file or (with a slash at the end) a folder, the same for the same arguments: no owner, no time. */
export function formatTarHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const isFolder = name.endsWith('/')
  if (Buffer.byteLength(name) > 100) throw new RangeError('the name is too long')
  block.write(name, 0)
  block.write(isFolder ? '0000755\0' : '0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  writeSize(block, size)
  block.write('00000000000\0', 136)
  block.write(isFolder ? '5' : '0', 156)
  block.write('ustar\x0000', 257, 'latin1')
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** Zeros up to the next block. */
export function paddingAfter(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes)
}

/** From 8 GiB on in binary, as GNU, Go and everybody else does it. */
function writeSize(block: Buffer, size: number): void {
  const digits = size.toString(8)
  if (digits.length <= 11) {
    block.write(`${digits.padStart(11, '0')}\0`, 124)
    return
  }
  block[124] = 0x80
  block.writeBigUInt64BE(BigInt(size), 128)
}

function number(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) === 0) return octal(block, at, length)
  if (block[at] !== 0x80) throw new RangeError('a size is negative or too large')
  const value = block.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, 0)
  if (!Number.isSafeInteger(value)) throw new RangeError('a size is too large')
  return value
}

function octal(block: Buffer, at: number, length: number): number {
  const digits = block
    .toString('latin1', at, at + length)
    .replace(/\0.*$/s, '')
    .trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw new RangeError('a number is wrong')
  return Number.parseInt(digits, 8)
}

/** The sum of all bytes, with the checksum itself taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte
  return sum
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return decoder.decode(end === -1 ? field : field.subarray(0, end))
}
