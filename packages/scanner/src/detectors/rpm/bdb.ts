import { ScanLimit, Unreadable } from '../../detector.ts'
import { bigEndian, type ByteOrder, littleEndian } from '../byte-order.ts'
import { type FilePositions, isInside } from '../file-positions.ts'
import { maxBlobBytes } from './gather.ts'

const hashMagic = 0x061561
const pageHeadBytes = 26
const metaBytes = 72
/** The smallest and largest page of Berkeley DB. */
const pageSizes = { least: 512, most: 65_536 }
const PageType = { hashUnsorted: 2, overflow: 7, hashMeta: 8, hash: 13 } as const
const ItemType = { keyData: 1, offPage: 3 } as const
const checksumFlag = 1

type Format = ByteOrder & { readonly pageSize: number }

/**
 * Yields the header blobs of `Packages`, a Berkeley DB hash table whose keys are package numbers. Every page is looked
 * at once, whatever bucket it belongs to; a value that does not fit its page lies in a chain of overflow pages. Both byte
 * orders (https://docs.oracle.com/cd/E17276_01/html/, dbinc/db_page.h). Throws `Unreadable` and `ScanLimit`.
 */
export function* bdbBlobs(file: FilePositions): Generator<Buffer> {
  const format = readMeta(file)
  const pages = Math.floor(file.size / format.pageSize)
  for (let number = 1; number < pages; number++) {
    const page = file.read(number * format.pageSize, format.pageSize, `page ${number}`)
    const type = page.readUInt8(25)
    if (type === PageType.hash || type === PageType.hashUnsorted) {
      yield* pageBlobs(file, format, page, number)
    }
  }
}

function readMeta(file: FilePositions): Format {
  const meta = file.read(0, metaBytes, 'the head of the rpm database')
  const isLittle = meta.readUInt32LE(12) === hashMagic
  if (
    (!isLittle && meta.readUInt32BE(12) !== hashMagic) ||
    meta.readUInt8(25) !== PageType.hashMeta
  ) {
    throw new Unreadable('the rpm database is not a Berkeley DB hash table')
  }
  const order = isLittle ? littleEndian : bigEndian
  const pageSize = order.u32(meta, 20)
  const isPower = (pageSize & (pageSize - 1)) === 0
  if (pageSize < pageSizes.least || pageSize > pageSizes.most || !isPower) {
    throw new Unreadable(`the rpm database claims pages of ${pageSize} bytes`)
  }
  if (meta.readUInt8(24) !== 0 || (meta.readUInt8(26) & checksumFlag) !== 0) {
    throw new Unreadable('the rpm database is encrypted or has checksums, which rpm never writes')
  }
  return { ...order, pageSize }
}

/** Keys and values take turns in a page's index. */
function* pageBlobs(
  file: FilePositions,
  format: Format,
  page: Buffer,
  number: number,
): Generator<Buffer> {
  const count = format.u16(page, 20)
  if (count % 2 !== 0 || pageHeadBytes + count * 2 > format.pageSize) {
    throw new Unreadable(`page ${number} of the rpm database claims ${count} items`)
  }
  // Items fill a page from its end; each ends where the one before it begins.
  let end = format.pageSize
  for (let index = 0; index < count; index++) {
    const start = format.u16(page, pageHeadBytes + index * 2)
    if (start < pageHeadBytes + count * 2 || start >= end) {
      throw new Unreadable(`an item on page ${number} of the rpm database points outside of it`)
    }
    const item = page.subarray(start, end)
    end = start
    if (index % 2 === 1) yield* itemBlob(file, format, item)
  }
}

function* itemBlob(file: FilePositions, format: Format, item: Buffer): Generator<Buffer> {
  const type = item.readUInt8(0)
  if (type === ItemType.keyData) {
    // The entry with key 0 holds the last package number, in four bytes: no header is so short.
    if (item.length > 9) yield item.subarray(1)
    return
  }
  if (type !== ItemType.offPage || item.length < 12) {
    throw new Unreadable(`an item of the rpm database has type ${type} and ${item.length} bytes`)
  }
  yield readChain(file, format, format.u32(item, 4), format.u32(item, 8))
}

function readChain(file: FilePositions, format: Format, first: number, length: number): Buffer {
  if (!isInside(0, length, file.size)) {
    throw new Unreadable(
      `a package header claims ${length} bytes, but the database has ${file.size}`,
    )
  }
  if (length > maxBlobBytes) {
    throw new ScanLimit(
      `a package header has ${length} bytes, more than the limit of ${maxBlobBytes}`,
    )
  }
  const parts: Buffer[] = []
  let missing = length
  let number = first
  // Every page gives at least one byte, so a chain that goes in a circle ends as well.
  while (missing > 0) {
    const page = file.read(number * format.pageSize, format.pageSize, `overflow page ${number}`)
    const bytes = format.u16(page, 22)
    const isSound =
      number !== 0 &&
      page.readUInt8(25) === PageType.overflow &&
      bytes > 0 &&
      bytes <= Math.min(missing, format.pageSize - pageHeadBytes)
    if (!isSound) {
      throw new Unreadable(`the chain of a package header is broken at page ${number}`)
    }
    parts.push(page.subarray(pageHeadBytes, pageHeadBytes + bytes))
    missing -= bytes
    number = format.u32(page, 16)
  }
  return Buffer.concat(parts)
}
