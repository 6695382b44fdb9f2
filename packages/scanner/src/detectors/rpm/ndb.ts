import { ScanLimit, Unreadable } from '../../detector.ts'
import { defaultLimits } from '../../limits.ts'
import { type FilePositions, isInside } from '../file-positions.ts'
import { maxBlobBytes } from './gather.ts'

const databaseMagic = 0x506d7052 // RpmP
const slotMagic = 0x746f6c53 // Slot
const blobMagic = 0x53626c42 // BlbS
const pageBytes = 4096
const slotBytes = 16
/** Blobs begin at multiples of this. */
const blockBytes = 16
const maxSlotPages = Math.ceil((defaultLimits.packages * slotBytes) / pageBytes)

/**
 * Yields the header blobs of `Packages.db` as SUSE writes it: pages of slots, each naming where a blob lies; all little
 * endian (https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c). Throws `Unreadable` and
 * `ScanLimit`.
 */
export function* ndbBlobs(file: FilePositions): Generator<Buffer> {
  const head = file.read(0, 2 * slotBytes, 'the head of the rpm database')
  if (head.readUInt32LE(0) !== databaseMagic) {
    throw new Unreadable('the rpm database does not begin as an NDB database does')
  }
  const version = head.readUInt32LE(4)
  if (version !== 0) {
    throw new Unreadable(`the rpm database has version ${version} of the NDB format; 0 is known`)
  }
  const slotPages = head.readUInt32LE(12)
  if (slotPages > maxSlotPages) {
    throw new ScanLimit(
      `the rpm database has ${slotPages} pages of slots, more than the limit of ${maxSlotPages}`,
    )
  }
  for (let pageNumber = 0; pageNumber < slotPages; pageNumber++) {
    const page = file.read(pageNumber * pageBytes, pageBytes, 'a page of slots')
    // The head of the file takes the place of the first two slots.
    const first = pageNumber === 0 ? 2 * slotBytes : 0
    for (let at = first; at < pageBytes; at += slotBytes) {
      if (page.readUInt32LE(at) !== slotMagic) {
        throw new Unreadable(`a slot of the rpm database is broken, on page ${pageNumber}`)
      }
      const packageNumber = page.readUInt32LE(at + 4)
      if (packageNumber === 0) continue
      const offset = page.readUInt32LE(at + 8) * blockBytes
      yield readBlob(file, offset, packageNumber)
    }
  }
}

function readBlob(file: FilePositions, offset: number, packageNumber: number): Buffer {
  const what = `the header of package number ${packageNumber}`
  const head = file.read(offset, blockBytes, what)
  if (head.readUInt32LE(0) !== blobMagic || head.readUInt32LE(4) !== packageNumber) {
    throw new Unreadable(`${what} is not where the slot of the rpm database says`)
  }
  const length = head.readUInt32LE(12)
  if (length > maxBlobBytes && isInside(offset, length, file.size)) {
    throw new ScanLimit(`${what} has ${length} bytes, more than the limit of ${maxBlobBytes}`)
  }
  return file.read(offset + blockBytes, length, what)
}
