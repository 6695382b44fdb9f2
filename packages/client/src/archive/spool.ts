import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ClientError } from '../client-error.ts'
import { fileSink } from '../layout/file-sink.ts'
import { localFault } from '../layout/local-fault.ts'

/** What a stranger's few compressed bytes may become on this machine's disk. */
const unpackedMax = 256 * 1024 ** 3

export type Compression = 'gzip' | 'zstd' | 'none'

/** By its first bytes. */
export function compressionOf(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head.length >= 4 && head.readUInt32LE() === 0xfd2fb528) return 'zstd'
  // A frame to be skipped, as zstd:chunked has it.
  if (head.length >= 4 && (head.readUInt32LE() & 0xfffffff0) === 0x184d2a50) return 'zstd'
  return 'none'
}

export function decompressor(compression: 'gzip' | 'zstd'): Transform {
  return compression === 'gzip'
    ? createGunzip({ chunkSize: 256 * 1024 })
    : createZstdDecompress({ chunkSize: 256 * 1024 })
}

/** A folder for what has to be on disk for a while; made at its first use, removed by `close`. */
export class Spool {
  #folder: Promise<string> | undefined
  #count = 0

  /** Writes a stream to a file of its own, synced by nobody. Gives its path and its size in bytes. */
  async keep(stream: Readable, signal?: AbortSignal): Promise<{ path: string; size: number }> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'berth-'))
    const path = join(await this.#folder, `${(this.#count += 1)}`)
    let size = 0
    async function* counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const piece of pieces) {
        size += piece.length
        if (size > unpackedMax) {
          throw new ClientError('inputInvalid', `It unpacks to more than ${unpackedMax} bytes.`)
        }
        yield piece
      }
    }
    try {
      const file = await open(path, 'wx', 0o600)
      try {
        await pipeline(stream, counted, fileSink(file), signal === undefined ? {} : { signal })
      } finally {
        await file.close()
      }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : await localFault(error, path)
    }
    return { path, size }
  }

  /**
   * The archive as a file that can be read at any place: as it is, or spooled when it comes from a stream (`-`) or is
   * compressed as a whole, as in `docker save | gzip`.
   */
  async archiveFile(file: string, stdin: Readable, signal?: AbortSignal): Promise<string> {
    const path = await this.#seekable(file, stdin, signal)
    const head = Buffer.alloc(4)
    const handle = await open(path, 'r')
    try {
      await handle.read(head, 0, 4, 0)
    } finally {
      await handle.close()
    }
    const compression = compressionOf(head)
    if (compression === 'none') return path
    const unpacked = createReadStream(path).on('error', (error) => stream.destroy(error))
    const stream = unpacked.pipe(decompressor(compression))
    return (await this.keep(stream, signal)).path
  }

  /** A pipe, such as the shell makes of `<(docker save api)`, can be read once only. */
  async #seekable(file: string, stdin: Readable, signal?: AbortSignal): Promise<string> {
    if (file === '-') return (await this.keep(stdin, signal)).path
    const stats = await stat(file).catch(async (error: unknown) => {
      throw await localFault(error, file)
    })
    if (stats.isFile()) return file
    if (stats.isFIFO()) return (await this.keep(createReadStream(file), signal)).path
    throw new ClientError('inputInvalid', `${file} is not a file.`)
  }

  async close(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined)
    this.#folder = undefined
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}
