import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { posix } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { quote } from '@berth/oci/oci-error.ts'
import { ClientError } from '../client-error.ts'
import { localFault } from '../layout/local-fault.ts'
import { blockBytes, parsePaxRecords, parseTarHeader, type TarHeader } from './tar-header.ts'

export type TarEntry = { readonly offset: number; readonly size: number }

const entriesMax = 100_000
const nameMax = 1024
const extraMax = 64 * 1024
const linksMax = 8
const pieceBytes = 1024 * 1024

/**
 * Where the files of a tar archive are, found by reading its headers once; nothing is unpacked. Refused are archives
 * that would harm whoever unpacks them, or mean two things to two readers: paths and links that lead out, names that
 * occur twice, sizes beyond the end, devices. Folders count for nothing.
 */
export class TarIndex {
  readonly name: string
  readonly #file: FileHandle
  readonly #entries: ReadonlyMap<string, TarEntry>
  readonly #links: ReadonlyMap<string, string>

  private constructor(
    name: string,
    file: FileHandle,
    found: { entries: Map<string, TarEntry>; links: Map<string, string> },
  ) {
    this.name = name
    this.#file = file
    this.#entries = found.entries
    this.#links = found.links
  }

  /** Throws `notFound`, `localFault`, and `inputInvalid` when it is no archive or one that is refused. */
  static async open(path: string, name: string): Promise<TarIndex> {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
      async (error: unknown) => {
        throw await localFault(error, path)
      },
    )
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw invalid(name, 'it is not a file')
      return new TarIndex(name, file, await new Scan(file, stats.size, name).run())
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** The file of that name, through links within the archive; `undefined` when there is none. */
  find(name: string): TarEntry | undefined {
    let path = name
    for (let steps = 0; steps <= linksMax; steps += 1) {
      const entry = this.#entries.get(path)
      if (entry !== undefined) return entry
      const target = this.#links.get(path)
      if (target === undefined) return undefined
      path = target
    }
    throw invalid(this.name, `the link ${quote(name)} goes in a circle`)
  }

  names(): Iterable<string> {
    return this.#entries.keys()
  }

  /** All bytes of a small file. Throws `inputInvalid` when there are more than `maxBytes`. */
  async read(name: string, maxBytes: number): Promise<Buffer | undefined> {
    const entry = this.find(name)
    if (entry === undefined) return undefined
    if (entry.size > maxBytes) {
      throw invalid(this.name, `${quote(name)} is larger than ${maxBytes} bytes`)
    }
    return this.#readAt(entry.offset, entry.size)
  }

  /** The first bytes of a file, to tell what it is. */
  peek(entry: TarEntry, bytes: number): Promise<Buffer> {
    return this.#readAt(entry.offset, Math.min(bytes, entry.size))
  }

  /** The bytes of a file from `start` on. Any number of streams may be read at a time. */
  stream(entry: TarEntry, start = 0, signal?: AbortSignal): Readable {
    const readAt = (offset: number, length: number) => this.#readAt(offset, length)
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let at = start; at < entry.size; at += pieceBytes) {
        yield await readAt(entry.offset + at, Math.min(pieceBytes, entry.size - at))
      }
    }
    const stream = Readable.from(pieces(), { objectMode: false })
    return signal === undefined ? stream : addAbortSignal(signal, stream)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #readAt(offset: number, length: number): Promise<Buffer> {
    return readFully(this.#file, offset, length, this.name)
  }
}

/** Goes from header to header. */
class Scan {
  readonly #file: FileHandle
  readonly #fileSize: number
  readonly #name: string
  readonly #entries = new Map<string, TarEntry>()
  readonly #links = new Map<string, string>()
  #longName: string | undefined
  #longLink: string | undefined
  #longSize: number | undefined

  constructor(file: FileHandle, fileSize: number, name: string) {
    this.#file = file
    this.#fileSize = fileSize
    this.#name = name
  }

  async run(): Promise<{ entries: Map<string, TarEntry>; links: Map<string, string> }> {
    let at = 0
    for (let count = 0; at + blockBytes <= this.#fileSize; count += 1) {
      if (count > entriesMax) throw this.#invalid(`it has more than ${entriesMax} entries`)
      const header = await this.#headerAt(at)
      if (header === undefined) break
      const offset = at + blockBytes
      const isExtra = 'xgLK'.includes(header.typeFlag)
      const size = isExtra ? header.size : (this.#longSize ?? header.size)
      if (size > this.#fileSize - offset) {
        throw this.#invalid(`${quote(header.name)} claims ${size} bytes and the file ends before`)
      }
      if (isExtra) await this.#readExtra(header, offset)
      else this.#add(header, { offset, size })
      at = offset + Math.ceil(size / blockBytes) * blockBytes
    }
    if (this.#entries.size === 0) throw this.#invalid('there is no file in it')
    return { entries: this.#entries, links: this.#links }
  }

  async #headerAt(at: number): Promise<TarHeader | undefined> {
    return this.#guarded(parseTarHeader, await readFully(this.#file, at, blockBytes, this.#name))
  }

  /** Long names and large sizes come in an entry before the one that they belong to. */
  async #readExtra({ typeFlag, size }: TarHeader, offset: number): Promise<void> {
    if (size > extraMax) throw this.#invalid(`a header has ${size} bytes`)
    if (typeFlag === 'g') return
    const bytes = await readFully(this.#file, offset, size, this.#name)
    if (typeFlag === 'L') this.#longName = bytes.toString().replace(/\0.*$/s, '')
    else if (typeFlag === 'K') this.#longLink = bytes.toString().replace(/\0.*$/s, '')
    else {
      const records = this.#guarded(parsePaxRecords, bytes)
      this.#longName = records.get('path') ?? this.#longName
      this.#longLink = records.get('linkpath') ?? this.#longLink
      const long = records.get('size')
      if (long !== undefined && !/^[0-9]{1,15}$/.test(long)) throw this.#invalid('a size is wrong')
      this.#longSize = long === undefined ? this.#longSize : Number(long)
      if ([...records.keys()].some((key) => key.startsWith('GNU.sparse'))) {
        throw this.#invalid('it holds sparse files')
      }
    }
  }

  #add(header: TarHeader, entry: TarEntry): void {
    const path = this.#pathOf(this.#longName ?? header.name)
    const link = this.#longLink ?? header.linkName
    this.#longName = undefined
    this.#longLink = undefined
    this.#longSize = undefined
    switch (header.typeFlag) {
      case '5':
        return
      case '0':
      case '7':
        this.#requireNew(path)
        this.#entries.set(path, entry)
        return
      case '1':
        this.#requireNew(path)
        this.#links.set(path, this.#pathOf(link))
        return
      case '2':
        this.#requireNew(path)
        this.#links.set(path, this.#pathOf(posix.join(posix.dirname(path), link), link))
        return
      default:
        throw this.#invalid(`${quote(path)} is neither file, folder nor link`)
    }
  }

  #requireNew(path: string): void {
    if (this.#entries.has(path) || this.#links.has(path)) {
      throw this.#invalid(`${quote(path)} occurs twice`)
    }
  }

  /** Without `./` before and `/` behind. `shown` is what to name in the message. */
  #pathOf(name: string, shown = name): string {
    if (name.length > nameMax) throw this.#invalid(`a name has ${name.length} characters`)
    const path = posix.normalize(name).replace(/\/+$/, '')
    const leadsOut = path === '..' || path.startsWith('../')
    if (name.startsWith('/') || shown.startsWith('/') || name.includes('\0') || leadsOut) {
      throw this.#invalid(`${quote(shown)} leads out of it`)
    }
    return path
  }

  #guarded<T>(parse: (bytes: Buffer) => T, bytes: Buffer): T {
    try {
      return parse(bytes)
    } catch (error) {
      if (error instanceof RangeError) throw this.#invalid(error.message)
      throw error
    }
  }

  #invalid(fault: string): ClientError {
    return invalid(this.#name, fault)
  }
}

async function readFully(
  file: FileHandle,
  offset: number,
  length: number,
  name: string,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at)
    if (bytesRead === 0) throw invalid(name, 'it became shorter while it was read')
    at += bytesRead
  }
  return bytes
}

function invalid(name: string, fault: string): ClientError {
  return new ClientError('inputInvalid', `${name} is no archive that can be read: ${fault}.`)
}
