import { constants, inflateRawSync } from 'node:zlib'
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  validateFileName,
  type ZipFile,
} from 'yauzl'
import { ScanLimit, Unreadable } from '../../detector.ts'
import { bufferPositions, type FilePositions, slicePositions } from '../file-positions.ts'
import type { ArchiveBudget } from './budget.ts'

const endSignature = 0x06054b50
const endBytes = 22
const maxCommentBytes = 0xffff
const directorySignature = 0x02014b50
const zip64Mark = 0xffffffff
const windowBytes = 128 * 1024

/** A file in an archive. */
export type ZipEntry = {
  /** Never used as a path on disk. */
  readonly name: string
  /** Whether the name leads out of the archive or cannot be shown. */
  readonly isUnsafe: boolean
  readonly size: number
  /** The whole entry in memory. Throws `ScanLimit` beyond `maxBytes`. */
  read(maxBytes: number): Promise<Buffer>
  /** Its beginning, when the rest does not matter. */
  readStart(maxBytes: number): Promise<Buffer>
  /** To be read here and there: in memory only when it is compressed. Throws `ScanLimit` beyond `maxBytes`. */
  positions(maxBytes: number): Promise<FilePositions>
}

/**
 * The files of a zip archive, in the order of its directory. A script before it, as in executable jars, is passed over.
 * Throws `Unreadable` and `ScanLimit`.
 */
export async function* zipEntries(
  file: FilePositions,
  budget: ArchiveBudget,
): AsyncGenerator<ZipEntry> {
  const archive = withoutPrefix(file)
  const zip = await asUnreadable(() =>
    fromRandomAccessReaderPromise(new PositionsReader(archive), archive.size, {
      autoClose: false,
      decodeStrings: false,
    }),
  )
  const entries = zip.eachEntry()
  for (let count = 1; ; count++) {
    const next = await asUnreadable(() => entries.next())
    if (next.done === true) return
    budget.takeEntry(count)
    const name = nameOf(next.value)
    if (!name.endsWith('/')) yield zipEntry(archive, zip, next.value, name, budget)
  }
}

function nameOf(entry: Entry): string {
  return getFileNameLowLevel(
    entry.generalPurposeBitFlag,
    entry.fileNameRaw,
    entry.extraFields,
    false,
  )
}

function isUnsafeName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return validateFileName(name) !== null || /[\u0000-\u001f\u007f]/.test(name)
}

function zipEntry(
  archive: FilePositions,
  zip: ZipFile,
  entry: Entry,
  name: string,
  budget: ArchiveBudget,
): ZipEntry {
  const isStored = entry.compressionMethod === 0
  const stored = async (): Promise<FilePositions> => {
    if (entry.isEncrypted()) throw new Unreadable(`${name} is encrypted`)
    if (!isStored && entry.compressionMethod !== 8) {
      throw new Unreadable(`${name} is compressed in a way (${entry.compressionMethod}) not known`)
    }
    const { fileDataStart } = await asUnreadable(() =>
      zip.readLocalFileHeaderPromise(entry, { minimal: true }),
    )
    return slicePositions(archive, fileDataStart, entry.compressedSize)
  }
  const checkSize = (maxBytes: number) => {
    if (Math.max(entry.uncompressedSize, entry.compressedSize) > maxBytes) {
      throw new ScanLimit(`${name} has more than ${maxBytes} bytes`)
    }
  }
  const read = async (maxBytes: number): Promise<Buffer> => {
    checkSize(maxBytes)
    const raw = await stored()
    const bytes = raw.read(0, raw.size, name)
    const data = isStored ? bytes : inflate(bytes, name, maxBytes, constants.Z_FINISH)
    budget.takeBytes(data.length)
    return data
  }
  return {
    name,
    isUnsafe: isUnsafeName(name),
    size: entry.uncompressedSize,
    read,
    readStart: async (maxBytes) => {
      const raw = await stored()
      const bytes = raw.read(0, Math.min(raw.size, maxBytes), name)
      const data = isStored ? bytes : inflate(bytes, name, maxBytes * 256, constants.Z_SYNC_FLUSH)
      budget.takeBytes(data.length)
      return data.subarray(0, maxBytes)
    },
    positions: async (maxBytes) => {
      if (!isStored) return bufferPositions(await read(maxBytes))
      return stored()
    },
  }
}

/** `finish`: with `Z_SYNC_FLUSH` data that is cut off is inflated as far as it goes. */
function inflate(bytes: Buffer, name: string, maxBytes: number, finish: number): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: maxBytes, finishFlush: finish })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ScanLimit(`${name} inflates to more than ${maxBytes} bytes`)
    }
    throw new Unreadable(`${name} cannot be inflated`)
  }
}

/**
 * Offsets of an archive count from its own first byte, even where a script was put before it without mending them: then
 * the directory is not where the end record says, but right before that record.
 */
function withoutPrefix(file: FilePositions): FilePositions {
  const tailStart = Math.max(0, file.size - endBytes - maxCommentBytes)
  const tail = file.read(tailStart, file.size - tailStart, 'the end of the archive')
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== endSignature) continue
    const directoryAt = tail.readUInt32LE(at + 16)
    const prefix = tailStart + at - tail.readUInt32LE(at + 12) - directoryAt
    if (directoryAt === zip64Mark || prefix <= 0) return file
    const isShifted =
      file.read(directoryAt + prefix, 4, 'the directory').readUInt32LE(0) === directorySignature
    return isShifted ? slicePositions(file, prefix, file.size - prefix) : file
  }
  throw new Unreadable('it is no zip archive, or its end is missing')
}

/** yauzl reports everything that is wrong with an archive as a plain error. */
async function asUnreadable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ScanLimit || error instanceof Unreadable) throw error
    throw new Unreadable(
      `the zip archive is broken: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** Lends a file to yauzl. It reads in tiny steps, so a part of the file is kept. */
class PositionsReader extends RandomAccessReader {
  readonly #file: FilePositions
  #window: Buffer = Buffer.alloc(0)
  #windowStart = 0

  constructor(file: FilePositions) {
    super()
    this.#file = file
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    let failure: Error | null = null
    try {
      this.#take(position, length).copy(buffer, offset)
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    // yauzl does not expect to be called back before it has returned.
    queueMicrotask(() => callback(failure))
  }

  #take(position: number, length: number): Buffer {
    if (length > windowBytes) return this.#file.read(position, length, 'a record of the archive')
    const at = position - this.#windowStart
    if (at >= 0 && at + length <= this.#window.length) return this.#window.subarray(at, at + length)
    const enough = Math.max(length, Math.min(windowBytes, this.#file.size - position))
    this.#window = this.#file.read(position, enough, 'a record of the archive')
    this.#windowStart = position
    return this.#window.subarray(0, length)
  }
}
