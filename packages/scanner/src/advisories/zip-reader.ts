import { fstatSync, openSync, closeSync, readSync } from 'node:fs'
import { crc32, inflateRawSync } from 'node:zlib'
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'

const windowBytes = 1024 ** 2

/**
 * Reads a zip archive without waiting for the thread pool: an export holds hundreds of thousands of files of a few
 * kilobytes, and a round trip for each takes longer than all the work.
 */
export class ZipReader {
  readonly #fd: number
  /** Of its own: the list of files lies at the archive's end, and one window would jump between the two. */
  readonly #contents: Window
  readonly #zip: ZipFile

  private constructor(fd: number, contents: Window, zip: ZipFile) {
    this.#fd = fd
    this.#contents = contents
    this.#zip = zip
  }

  /** Throws when it is no zip archive. */
  static async open(path: string): Promise<ZipReader> {
    const fd = openSync(path, 'r')
    try {
      const list = new Window(fd)
      // Names as bytes: yauzl refuses a whole archive for a name such as `../x`, which does no harm where no path is made.
      const zip = await fromRandomAccessReaderPromise(new WindowReader(list), list.size, {
        lazyEntries: true,
        autoClose: false,
        decodeStrings: false,
      })
      return new ZipReader(fd, new Window(fd), zip)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  entries(): AsyncIterable<Entry> {
    return this.#zip.eachEntry()
  }

  /** The whole file inside; its `uncompressedSize` was judged before. Throws when it is damaged. */
  text(entry: Entry): string {
    if (entry.isEncrypted()) throw new Error('a file in it is encrypted')
    const stored = this.#contents.read(this.#startOf(entry), entry.compressedSize)
    const bytes = this.#inflate(entry, stored)
    if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.crc32) {
      throw new Error('a file in it is not what the archive says')
    }
    return bytes.toString('utf8')
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT 4.3.7: what lies before the contents. */
  #startOf(entry: Entry): number {
    const header = this.#contents.read(entry.relativeOffsetOfLocalHeader, 30)
    if (header.readUInt32LE(0) !== 0x04034b50) throw new Error('a file in it does not begin')
    const names = header.readUInt16LE(26) + header.readUInt16LE(28)
    return entry.relativeOffsetOfLocalHeader + 30 + names
  }

  #inflate(entry: Entry, stored: Buffer): Buffer {
    if (entry.compressionMethod === 0) return stored
    if (entry.compressionMethod !== 8) {
      throw new Error(`it is packed by method ${entry.compressionMethod}, not deflate`)
    }
    // 0 would mean no limit.
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, entry.uncompressedSize) })
  }
}

/** A file read through a window that follows along. */
class Window {
  readonly size: number
  readonly #fd: number
  #start = 0
  #bytes: Buffer = Buffer.alloc(0)

  constructor(fd: number) {
    this.#fd = fd
    this.size = fstatSync(fd).size
  }

  /** A view that holds until the next read. */
  read(start: number, length: number): Buffer {
    if (start < 0 || length < 0 || start + length > this.size) throw new Error('it ends too early')
    if (length > windowBytes) return this.#load(start, length)
    if (start < this.#start || start + length > this.#start + this.#bytes.length) {
      this.#bytes = this.#load(start, Math.min(windowBytes, this.size - start))
      this.#start = start
    }
    return this.#bytes.subarray(start - this.#start, start - this.#start + length)
  }

  #load(start: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    let read = 0
    while (read < length) {
      const count = readSync(this.#fd, bytes, read, length - read, start + read)
      if (count === 0) throw new Error('it ends too early')
      read += count
    }
    return bytes
  }
}

class WindowReader extends RandomAccessReader {
  readonly #window: Window

  constructor(window: Window) {
    super()
    this.#window = window
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    try {
      this.#window.read(position, length).copy(buffer, offset)
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)))
      return
    }
    callback(null)
  }
}
