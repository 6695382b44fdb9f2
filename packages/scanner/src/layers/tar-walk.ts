import { ScanLimit, Unreadable } from '../detector.ts'
import {
  blockSize,
  type PaxRecords,
  readPaxRecords,
  readTarHeader,
  type TarHeader,
} from './tar-header.ts'

export type TarEntry = {
  /** As written, not cleaned. */
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other'
  /** Bytes of the body that follows. */
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970. */
  readonly mtime: number
  /** Where a link points, as written. */
  readonly link: string
  /** The body is not the content: holes are left out. */
  readonly isSparse: boolean
}

/** Takes the body of one entry. */
export type BodySink = {
  readonly write: (part: Buffer) => Promise<void> | undefined
  readonly end: () => Promise<void>
}

/** Long names and pax records; nobody has longer ones. */
const recordLimit = 1024 ** 2

/**
 * Walks a tar as it streams by: POSIX ustar, pax, GNU long names, base-256 sizes, sparse files. Bodies that nobody takes
 * are passed over without a copy. Throws `Unreadable` for what is no tar and `ScanLimit` beyond `entryLimit`.
 */
export class TarWalk {
  readonly #onEntry: (entry: TarEntry) => BodySink | undefined
  readonly #entryLimit: number
  readonly #header = Buffer.alloc(blockSize)
  #filled = 0
  #position = 0
  #entries = 0
  #zeroBlocks = 0
  #left = 0
  #padding = 0
  #sink: BodySink | undefined
  #isExtension = false
  #afterExtensions: TarHeader | undefined
  #pax: PaxRecords = {}

  constructor(onEntry: (entry: TarEntry) => BodySink | undefined, entryLimit: number) {
    this.#onEntry = onEntry
    this.#entryLimit = entryLimit
  }

  async write(chunk: Buffer): Promise<void> {
    let at = 0
    while (at < chunk.length && this.#zeroBlocks < 2) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, chunk.length - at)
        await this.#sink?.write(chunk.subarray(at, at + part))
        at += part
        this.#left -= part
        if (this.#left === 0) await this.#endBody()
      } else if (this.#padding > 0) {
        const part = Math.min(this.#padding, chunk.length - at)
        at += part
        this.#padding -= part
      } else {
        const part = Math.min(blockSize - this.#filled, chunk.length - at)
        chunk.copy(this.#header, this.#filled, at, at + part)
        at += part
        this.#filled += part
        if (this.#filled === blockSize) {
          this.#filled = 0
          await this.#endBlock()
        }
      }
    }
    this.#position += chunk.length
  }

  /** Throws `Unreadable` when the archive stops inside an entry. */
  end(): void {
    if (this.#left > 0 || this.#filled > 0 || this.#isExtension)
      throw new Unreadable('the tar ends in the middle of a file')
  }

  async #endBlock(): Promise<void> {
    if (this.#isExtension) {
      this.#isExtension = this.#header[504] !== 0
      if (!this.#isExtension && this.#afterExtensions !== undefined)
        await this.#begin(this.#afterExtensions)
      return
    }
    const header = readTarHeader(this.#header, this.#position)
    if (header === undefined) {
      this.#zeroBlocks += 1
      return
    }
    this.#zeroBlocks = 0
    this.#entries += 1
    if (this.#entries > this.#entryLimit)
      throw new ScanLimit(`more than ${this.#entryLimit} entries in one layer`)
    if (header.isExtended) {
      this.#isExtension = true
      this.#afterExtensions = header
      return
    }
    await this.#begin(header)
  }

  async #begin(header: TarHeader): Promise<void> {
    const isRecord = 'xgLK'.includes(header.flag)
    const { path, link, isSparse, size: largeSize, uid, gid, mtime } = isRecord ? {} : this.#pax
    // The whole name: the header's own may be cut off just behind a slash.
    const name = path ?? header.name
    const type = typeOf(header.flag, name)
    // Links, folders and devices have no body, whatever size their header claims.
    const size = type === 'file' ? (largeSize ?? header.size) : 0
    this.#left = size
    this.#padding = (blockSize - (size % blockSize)) % blockSize
    if (isRecord) this.#sink = this.#takeRecord(header.flag, size)
    else {
      this.#pax = {}
      this.#sink = this.#onEntry({
        name,
        type,
        size,
        mode: header.mode,
        uid: uid ?? header.uid,
        gid: gid ?? header.gid,
        mtime: mtime ?? header.mtime,
        link: link ?? header.link,
        isSparse: isSparse === true || header.flag === 'S',
      })
    }
    if (size === 0) await this.#endBody()
  }

  async #endBody(): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    await sink?.end()
  }

  #takeRecord(flag: string, size: number): BodySink {
    if (size > recordLimit)
      throw new ScanLimit(`a name or pax header of ${size} bytes; at most ${recordLimit} are read`)
    const body = Buffer.alloc(size)
    let filled = 0
    return {
      write: (part) => {
        filled += part.copy(body, filled)
        return undefined
      },
      end: () => {
        if (flag === 'x') this.#pax = { ...this.#pax, ...readPaxRecords(body) }
        else if (flag === 'L') this.#pax.path = untilZero(body)
        else if (flag === 'K') this.#pax.link = untilZero(body)
        return Promise.resolve()
      },
    }
  }
}

function typeOf(flag: string, name: string): TarEntry['type'] {
  if (flag === '0' && name.endsWith('/')) return 'directory'
  if (flag === '0' || flag === '7' || flag === 'S') return 'file'
  if (flag === '1') return 'hardlink'
  if (flag === '2') return 'symlink'
  if (flag === '5') return 'directory'
  if (flag === '3' || flag === '4' || flag === '6') return 'other'
  // Of a kind not known: a body follows, as POSIX says.
  return 'file'
}

function untilZero(body: Buffer): string {
  const end = body.indexOf(0)
  return body.toString('utf8', 0, end === -1 ? body.length : end)
}
